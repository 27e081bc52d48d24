"""What the page of results shows (YAML)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...training.config import Section


class Target(Section):
    """What was to be reached, checked against what was measured.

    Attributes:
        text: What was asked.
        model: Whose figures are looked at.
        degradation: Under which degradation; see `FixedDegradation`.
        region: ``frame``, ``body`` or ``lesion``.
        figure: Name of the figure.
        beside: Methods or models that it is compared with, each in a row of its own.
        measure: ``gain``: by how much the model is better, mean over patients, in the figure's unit; ``reduction``:
            1 minus the ratio of both means over patients.
        at_least: The wanted value.
        p_below: The wanted p of a one-sided Wilcoxon signed-rank test over patients; none is asked for without.
    """

    text: str
    model: str
    degradation: str
    region: Literal["frame", "body", "lesion"] = "body"
    figure: str = "psnr"
    beside: tuple[str, ...] = Field(default=("bicubic",), min_length=1)
    measure: Literal["gain", "reduction"] = "gain"
    at_least: float = 0.0
    p_below: float | None = None


class ResultsTable(Section):
    """One table: methods without training, and networks.

    Attributes:
        title: Heading.
        region: Region whose figures are shown.
        degradations: Which ones; all of the first network's without any.
        networks: Models (or evaluated methods) by name, the one to compare with the others first.
        test: The paper's test; see `statistics.TESTS`.
        not_run: Why networks have no figures, where they have none.
    """

    title: str
    region: Literal["frame", "body", "lesion"] = "body"
    degradations: tuple[str, ...] = ()
    networks: tuple[str, ...] = Field(min_length=1)
    test: Literal["mann-whitney", "paired-t", "wilcoxon"] = "wilcoxon"
    not_run: dict[str, str] = Field(default_factory=dict)


class RobustnessStudy(Section):
    """A robustness study beside a paper's (`superres-radiomics study report` of de Farias' protocol).

    Attributes:
        title: Heading.
        reports: Stored reports by the words for their cohort, in ``studies`` of the folder of evaluations; held-out
            patients first.
        versions: The report's versions in the order of the paper's columns; the enhanced one last.
        correlations: The paper's ICC(3,1) over the bins by feature, in that order.
        excellent: How many of the paper's features are excellent in each version.
        bins: The paper's number of bins.
        explained: The share of the variance that the paper's first three components explain at least.
        ranking: The paper's most important features by version.
        compared: Features whose relative differences the paper gives.
    """

    title: str
    reports: dict[str, str] = Field(min_length=1)
    versions: tuple[str, ...]
    correlations: dict[str, tuple[float, ...]]
    excellent: tuple[int, ...]
    bins: int
    explained: float
    ranking: dict[str, tuple[str, ...]]
    compared: tuple[str, ...] = ()


class RestorationStudy(Section):
    """A restoration study beside a paper's (`superres-radiomics study report` of Moummad's protocol).

    Attributes:
        title: Heading.
        reports: As in `RobustnessStudy`.
        versions: The report's versions that are compared with the reference: fast, null model, restored.
        theirs: The paper's figures by what they are (the keys of `studies.RESTORED`), for each of the versions.
    """

    title: str
    reports: dict[str, str] = Field(min_length=1)
    versions: tuple[str, ...]
    theirs: dict[str, tuple[float | None, ...]]


class Picture(Section):
    """A held-out slice that a model enhanced, in ``images/MODEL.png`` beside the page.

    Attributes:
        model: The model's name.
        case: Path of the test case; the first one without.
        caption: What is seen.
        credit: Whose image it is, and its licence.
    """

    model: str
    case: str | None = None
    caption: str
    credit: str


class PaperResults(Section):
    """A paper's section.

    Attributes:
        title: Heading.
        theirs: The paper's own figures.
        difference: How our data and setting differ.
        tables: Our tables.
        targets: What was to be reached.
        robustness: Robustness studies.
        restoration: Restoration studies.
        pictures: Held-out slices.
    """

    title: str
    theirs: str
    difference: str
    tables: tuple[ResultsTable, ...] = ()
    targets: tuple[Target, ...] = ()
    robustness: tuple[RobustnessStudy, ...] = ()
    restoration: tuple[RestorationStudy, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def reasons(self) -> dict[str, str]:
        """Why networks of its tables have no figures, by name."""
        return {name: reason for table in self.tables for name, reason in table.not_run.items()}


class ResultsConfig(Section):
    """All sections."""

    papers: tuple[PaperResults, ...]
