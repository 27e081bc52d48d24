"""A signature's score of one lesion on the three images of its feature table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import SettingsError
from ..radiomics import FeatureTable
from ..radiomics.table import IMAGES
from .signature import Signature, signature_scores


def score_lesion(table: FeatureTable, signature: Signature) -> FeatureTable:
    """Add the signature's scores to a table's header, under ``signature``.

    Args:
        table: The features of one lesion.
        signature: The signature; its features must be in the table, under the binning that it names.

    Raises:
        SettingsError: A feature is missing or not defined, or the grey levels are others.

    Examples:
        >>> from SuperResRadiomicsLib import FeatureSettings, compare
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> table = compare(small_lesion(), FeatureSettings(engine="exact", classes=("firstorder",)))
        >>> brightness = Signature("brightness", {"original_firstorder_Mean": 0.1}, cut_off=3.0)
        >>> score_lesion(table, brightness).header.signature["side"]
        {'original': 'above', 'bicubic': 'above', 'enhanced': 'above'}
    """
    _check_binning(table, signature)
    rows = {row.key: row for row in table.rows}
    known = [key for key in signature.coefficients if key in rows]
    values = {key: [getattr(rows[key], image) for image in IMAGES] for key in known}
    scores = dict(zip(IMAGES, signature_scores(signature, values).tolist(), strict=True))
    undefined = [image for image, score in scores.items() if score != score]
    if undefined:
        raise SettingsError(
            f"The signature '{signature.name}' has no score on the {' and the '.join(undefined)} image: one of its "
            "features is not defined there."
        )
    content: dict[str, Any] = {"name": signature.name, "scores": scores, "cut_off": signature.cut_off}
    if signature.cut_off is not None:
        content["side"] = {image: "above" if score >= signature.cut_off else "below" for image, score in scores.items()}
    return replace(table, header=replace(table.header, signature=content | {"definition": signature.to_dict()}))


def describe_scores(table: FeatureTable) -> str:
    """Put the scores that `score_lesion` wrote into a sentence.

    Raises:
        SettingsError: The table holds none.

    Examples:
        >>> from SuperResRadiomicsLib import FeatureSettings, compare
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> table = compare(small_lesion(), FeatureSettings(engine="exact", classes=("firstorder",)))
        >>> brightness = Signature("brightness", {"original_firstorder_Mean": 0.1}, cut_off=3.0)
        >>> describe_scores(score_lesion(table, brightness)).partition("; ")[2]
        'cut-off 3: the same side on all images.'
    """
    content = table.header.signature
    if content is None:
        raise SettingsError("The table holds no scores of a signature. Score it first: score_lesion(table, signature).")
    listed = ", ".join(f"{image} {score:.4g}" for image, score in content["scores"].items())
    sentence = f"Signature '{content['name']}': {listed}"
    if content["cut_off"] is None:
        return f"{sentence}."
    side = content["side"]
    crossed = [image for image in IMAGES[1:] if side[image] != side["original"]]
    said = f"another side on: {', '.join(crossed)}" if crossed else "the same side on all images"
    return f"{sentence}; cut-off {content['cut_off']:.4g}: {said}."


def _check_binning(table: FeatureTable, signature: Signature) -> None:
    count, width = table.header.bin_count, table.header.bin_width
    used = f"{count} bins" if count is not None else f"width {width:g}"
    if signature.binning not in (None, used):
        raise SettingsError(
            f"The signature '{signature.name}' was made with {signature.binning}, the table with {used}. Choose the "
            "same grey levels with --bin-count or --bin-width."
        )
