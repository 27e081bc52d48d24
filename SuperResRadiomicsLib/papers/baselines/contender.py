"""Coupled dictionaries (DLSR, a comparator of de Farias et al. 2021), learnt from the training patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy.typing as npt

from ...errors import SettingsError
from ...operators import BlurDecimate
from ...training.config import TrainingConfig
from ...training.entries import VolumeEntry
from ...training.evaluation.cases import HeldOutCase, load_cases
from ...training.evaluation.methods import Contender, Method
from ...training.validation import FixedDegradation
from .dictionary_super_resolution import DictionarySettings, DictionarySuperResolution


def dictionary_contender(
    config: TrainingConfig, entries: Sequence[VolumeEntry], settings: DictionarySettings | None = None
) -> Contender:
    """Learn dictionaries anew for every degradation that is judged, blur and noise included.

    Args:
        config: Says what is degraded, how, and which slices of a volume are learnt from (the section
            ``evaluation``, as for those that are judged); its seed fixes the patches that are drawn.
        entries: Volumes; those of role ``train`` are learnt from.
        settings: Constants of the method.

    Raises:
        SettingsError: The configuration's coarse pixels are no means over fine pixels, or nobody has the role
            ``train``.
    """
    if config.degradation.factor == 1 or config.degradation.sampling != "average":
        raise SettingsError(
            f"The configuration '{config.name}' samples by '{config.degradation.sampling}' with the factor "
            f"{config.degradation.factor}; dictionaries undo 'average' with a factor of at least 2."
        )
    cases = [case.only_close_slices() for case in load_cases(config, entries, "train")]

    def prepare(fixed: FixedDegradation) -> Method:
        operator = BlurDecimate(config.degradation.factor, fixed.blur_px)
        learnt = DictionarySuperResolution.fit(_pairs(cases, config, fixed), operator, settings, config.evaluation_seed)
        return lambda given: given.by_slices(learnt.enhance)

    return Contender(prepare, slow=True, title="coupled dictionaries (DLSR)")


def _pairs(
    cases: Sequence[HeldOutCase], config: TrainingConfig, fixed: FixedDegradation
) -> Iterator[tuple[npt.NDArray, npt.NDArray]]:
    """Degraded and true slices in the image's own unit."""
    for case in cases:
        coarse = case.degrade(config.degradation, fixed, config.evaluation_seed)
        yield from zip(case.volume.slices(coarse.voxels), case.volume.slices(case.volume.image.voxels), strict=True)
