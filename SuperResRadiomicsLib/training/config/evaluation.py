"""The section `evaluation`: how held-out figures are made."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .section import Section


class FeatureSetConfig(Section):
    """A set of lesions whose features are compared.

    Attributes:
        kind: ``volumes``, as `DataConfig.splits` lists them; ``nodules``, a folder whose ``list.csv`` gives patient
            and role, with ``<patient>_image.nii.gz`` and ``<patient>_consensus.nii.gz``.
        include: Path patterns of the volumes; or the folder.
        unit_per_level: HU of one grey level of the files.
        offset: HU of grey level 0.
        level_known: Whether ``offset`` is that of the files; features that depend on it are no evidence otherwise.
        lesion_type: What the lesions are, as verdicts call them.
        slices: Neighbouring slices of each lesion, around its largest.
        planar_slices: Of these, the slices on which 2D features are measured; all without.
        lesions_per_patient: Of images without a unit: at most so many lesions of a patient, evenly spread.
    """

    kind: Literal["volumes", "nodules"] = "volumes"
    include: tuple[str, ...] = Field(min_length=1)
    unit_per_level: float = Field(default=1.0, gt=0)
    offset: float = 0.0
    level_known: bool = True
    lesion_type: str = "lesion"
    slices: int = Field(default=8, ge=1)
    planar_slices: int | None = Field(default=None, ge=1)
    lesions_per_patient: int = Field(default=8, ge=1)


class EvaluationConfig(Section):
    """How held-out figures are made.

    Attributes:
        judge: The perceptual encoder that judges; what was trained with one must be judged by another.
        volumes_per_patient: At most so many volumes (or single pictures) of a patient are judged, evenly spread.
        slices_per_volume: At most so many slices of a volume, evenly spread over its lesion or, without one, over
            the volume, get the figures that take long and enter the tests.
        lesion_margin_px: Margin of the lesion region around the lesion's box, in fine pixels.
        features: Whether lesion features are compared too, which takes most of the time where volumes have masks.
        baseline_only: Whether the baseline alone stands beside the model; a table of several models takes the other
            methods from its first one.
        seed: Of the noise in what is judged; without it the run's. Models that are compared share one.
        feature_sets: Lesions by which `evaluate --features` compares the features of models.
        feature_rivals: Models that stand beside, by name: the first is told all, half of the noise, and nothing.
        samples: Samples whose features are averaged, of models that draw samples.
        phantom: Folder in the data of a phantom with and without faint discs, for `evaluate --samples-look`.
    """

    judge: str = "encoder-b"
    volumes_per_patient: int = Field(default=6, ge=1)
    slices_per_volume: int = Field(default=6, ge=1)
    lesion_margin_px: int = Field(default=4, ge=0)
    features: bool = True
    baseline_only: bool = False
    seed: int | None = Field(default=None, ge=0)
    feature_sets: dict[str, FeatureSetConfig] = Field(default_factory=dict)
    feature_rivals: tuple[str, ...] = ()
    samples: int = Field(default=8, ge=2)
    phantom: str | None = None
