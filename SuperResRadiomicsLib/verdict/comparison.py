"""The feature table of a lesion with its verdicts: the one place where both come together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..models import Card, load_card
from ..radiomics import FeatureSettings, FeatureTable, Lesion, LesionVersions, measure_versions
from ..radiomics.calibration import calibrate_intervals
from .one_lesion import card_behind, judge_lesion

if TYPE_CHECKING:
    from ..radiomics.engine import Engine


def compare(
    lesion: Lesion,
    settings: FeatureSettings | None = None,
    *,
    model: Card | str | os.PathLike[str] | None = None,
    variation: Mapping[str, float] | None = None,
    engine: Engine | None = None,
    lesion_type: str | None = None,
    patient: str | None = None,
) -> FeatureTable:
    """Compare a lesion's features on the original, the bicubic and the enhanced image, and judge each of them.

    Args:
        lesion: An enhancement of a lesion, the folder that one was saved to, or images from elsewhere
            (`LesionVersions.of_images`).
        settings: Of the features, the same for all three images; the defaults of `FeatureSettings` unless given.
        model: Whose held-out figures the verdicts rest on: a card, or a model's name or folder. Without it the model
            that the provenance names, where it is installed with the same weights.
        variation: What `check_stability` returned, where stability was checked.
        engine: Computes the features instead of the engine that the settings name.
        lesion_type: What the lesion is, as the model's evidence calls it (``lung nodule``, ``soft-tissue sarcoma``);
            only evidence of this type is used then.
        patient: Whose lesion it is; evidence of the same patient is left out.

    Returns:
        The table; every row has its verdict. Where nothing is known of the model, the word is ``unknown``.

    Raises:
        MaskError: The enhancement was made without a mask, or the mask marks no lesion.
        SettingsError: The settings do not fit one of the images.
        ModelError: There is no such model.
        MissingDependencyError: The engine is not installed.

    Examples:
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> table = compare(small_lesion(), FeatureSettings(engine="exact", classes=("firstorder",)))
        >>> row = table.rows[0]
        >>> row.feature, row.network_effect == row.enhanced - row.bicubic, row.verdict.word
        ('10Percentile', True, 'unknown')
    """
    table = measure_versions(LesionVersions.of(lesion), settings or FeatureSettings(), engine)
    return judge_table(table, model=model, variation=variation, lesion_type=lesion_type, patient=patient)


def judge_table(
    table: FeatureTable,
    *,
    model: Card | str | os.PathLike[str] | None = None,
    variation: Mapping[str, float] | None = None,
    lesion_type: str | None = None,
    patient: str | None = None,
) -> FeatureTable:
    """Judge the features of a table anew, for instance after its stability was checked.

    Args:
        table: The features of one lesion.
        model: As for `compare`.
        variation: As for `compare`.
        lesion_type: As for `compare`.
        patient: As for `compare`.

    Returns:
        The same values with other verdicts; of samples with calibrated intervals, where the model's folder knows them.
    """
    behind = card_behind(table)
    card = behind if model is None else model if isinstance(model, Card) else load_card(model)
    return judge_lesion(
        calibrate_intervals(table, card if behind is None else behind), card, variation, lesion_type, patient
    )
