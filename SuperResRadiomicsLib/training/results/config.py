"""What the page of results shows (YAML)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(_Section):
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


class ResultsTable(_Section):
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


class Picture(_Section):
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


class PaperResults(_Section):
    """A paper's section.

    Attributes:
        title: Heading.
        theirs: The paper's own figures.
        difference: How our data and setting differ.
        tables: Our tables.
        targets: What was to be reached.
        pictures: Held-out slices.
    """

    title: str
    theirs: str
    difference: str
    tables: tuple[ResultsTable, ...] = ()
    targets: tuple[Target, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def reasons(self) -> dict[str, str]:
        """Why networks of its tables have no figures, by name."""
        return {name: reason for table in self.tables for name, reason in table.not_run.items()}


class ResultsConfig(_Section):
    """All sections."""

    papers: tuple[PaperResults, ...]
