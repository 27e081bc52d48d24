"""A lesion's mask as a DICOM Segmentation, and an image of numbers as a Parametric Map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from highdicom import UID, AlgorithmIdentificationSequence, VOILUTFunctionValues, VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from ... import NOT_FOR_CLINICAL_USE, __version__
from ...grid import BoolArray
from .equipment import MODEL_NAME, names_as_given, new_object

SEGMENT = 1
_MASK_SERIES, _MAP_SERIES = 9002, 9003


@names_as_given()
def segmentation(mask: BoolArray, slices: Sequence[Dataset], description: str, tracking: str) -> Segmentation:
    """Make a segmentation of one lesion.

    Args:
        mask: bool [k, j, i] on the slices' grid, not empty.
        slices: The images it lies on, one for each k.
        description: What it is, of up to 40 characters.
        tracking: UID of the lesion, the same in every object about it.
    """
    segment = SegmentDescription(
        segment_number=SEGMENT,
        segment_label="Lesion",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion,
        algorithm_type=SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(
            name=MODEL_NAME, version=__version__, family=codes.DCM.ArtificialIntelligence
        ),
        tracking_uid=UID(tracking),
        tracking_id="Lesion",
    )
    return Segmentation(
        source_images=list(slices),
        pixel_array=mask.astype(np.uint8),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[segment],
        content_label="LESION",
        content_description=NOT_FOR_CLINICAL_USE[:64],
        **new_object(_MASK_SERIES, description),
    )


@names_as_given()
def parametric_map(
    values: npt.NDArray[np.float32], slices: Sequence[Dataset], unit: str, meaning: str
) -> ParametricMap:
    """Make a map of numbers, such as the standard deviation of every voxel.

    Args:
        values: float32 [k, j, i] on the slices' grid.
        slices: The images it lies on, one for each k.
        unit: ``HU``, or any other for a number without a unit.
        meaning: What the numbers are, of up to 40 characters.
    """
    used = Code("[hnsf'U]", "UCUM", "Hounsfield unit") if unit == "HU" else codes.UCUM.NoUnits
    low, high = float(values.min()), float(values.max())
    window = VOILUTTransformation(
        (low + high) / 2, max(high - low, 1e-6), voi_lut_function=VOILUTFunctionValues.LINEAR_EXACT
    )
    mapping = RealWorldValueMapping(
        lut_label="1",
        lut_explanation=meaning[:64],
        unit=used,
        value_range=(low, high),
        slope=1.0,
        intercept=0.0,
        quantity_definition=codes.SCT.StandardDeviation,
    )
    made = ParametricMap(
        source_images=list(slices),
        pixel_array=values.astype(np.float32),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[window],
        content_label="UNCERTAINTY",
        content_description=NOT_FOR_CLINICAL_USE[:64],
        **new_object(_MAP_SERIES, meaning),
    )
    made.Laterality = ""
    return made
