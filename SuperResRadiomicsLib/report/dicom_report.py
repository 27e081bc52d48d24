"""The features of a lesion as a DICOM structured report (TID 1500), coded as the IBSI has it.

PS3.16, TID 1500 "Measurement Report" and TID 1411 "Volumetric ROI Measurements". A feature of the unfiltered image
that the Image Biomarker Standardisation Initiative defines bears its permanent code (scheme IBSI) and its value by
that definition; any other has its own key (scheme 99SUPERRES).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from highdicom import UID
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    ReferencedSegment,
    SourceSeriesForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from .. import NOT_FOR_CLINICAL_USE, __version__
from ..enhancement.dicom import MASK_NAME, ORIGINAL_MASK_NAME, read_series, write_dicom
from ..errors import ImageError
from ..io.dicom_out import SEGMENT
from ..io.dicom_out.equipment import MODEL_NAME, names_as_given, new_object
from ..radiomics import FeatureRow, FeatureTable
from ..radiomics.ibsi.counterparts import IBSI_FEATURES
from ..radiomics.scales import unit_of

REPORT_NAME = "dicom/features.dcm"
IBSI_SCHEME, OWN_SCHEME = "IBSI", "99SUPERRES"
LONGEST_TEXT = 64
_SERIES = 9004
_PROCEDURES = {"CT": codes.LN.CTUnspecifiedBodyRegion, "MR": codes.LN.MRIUnspecifiedBodyRegion}


@names_as_given()
def measurement_report(
    table: FeatureTable, masks: Mapping[str, Dataset], images: Sequence[Dataset]
) -> Comprehensive3DSR:
    """Make the report.

    Args:
        table: The features.
        masks: The lesion's Segmentation by the column of the table that was measured in it: ``enhanced``, and
            ``original`` where there is one on the source.
        images: The enhanced series.

    Returns:
        The object, of the patient and study of the first image. A feature that is not defined is left out.
    """
    algorithm = AlgorithmIdentification(
        name=MODEL_NAME, version=__version__, parameters=[NOT_FOR_CLINICAL_USE[:LONGEST_TEXT], *_settings(table)]
    )
    groups = []
    for column, mask in masks.items():
        segment = mask.SegmentSequence[0]
        groups.append(
            VolumetricROIMeasurementsAndQualitativeEvaluations(
                tracking_identifier=TrackingIdentifier(
                    uid=UID(segment.TrackingUID), identifier=f"Lesion, {column} image"
                ),
                referenced_segment=_reference(mask),
                finding_type=codes.SCT.Lesion,
                algorithm_id=algorithm,
                measurements=_measurements(table, column),
            )
        )
    observer = ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=UID(), name=MODEL_NAME, model_name=MODEL_NAME
        ),
    )
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer),
        procedure_reported=_PROCEDURES[images[0].Modality],
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    return Comprehensive3DSR(
        evidence=[*images, *masks.values()],
        content=content,
        is_complete=True,
        is_verified=False,
        **new_object(_SERIES, "Radiomic features"),
    )


def save_dicom_report(table: FeatureTable, enhancement: Path, folder: Path) -> Path:
    """Write the report on the DICOM objects of an enhancement.

    Args:
        table: The features of its lesion.
        enhancement: Folder that `enhance --format dicom` wrote.
        folder: Gets `REPORT_NAME`.

    Raises:
        ImageError: The enhancement holds no DICOM objects, or no lesion.
        OutputError: The file cannot be written.
    """
    series = read_series(enhancement)
    names = {"enhanced": MASK_NAME, "original": ORIGINAL_MASK_NAME}
    masks = {column: dcmread(enhancement / name) for column, name in names.items() if (enhancement / name).is_file()}
    if "enhanced" not in masks:
        raise ImageError(
            f"The enhancement '{enhancement.name}' was made without a lesion, so nothing can be reported. "
            "Enhance again with a mask."
        )
    return write_dicom(measurement_report(table, masks, series), folder / REPORT_NAME)


def _reference(mask: Dataset) -> ReferencedSegment:
    series = mask.ReferencedSeriesSequence[0].SeriesInstanceUID
    return ReferencedSegment(
        sop_class_uid=mask.SOPClassUID,
        sop_instance_uid=mask.SOPInstanceUID,
        segment_number=SEGMENT,
        source_series=SourceSeriesForSegmentation(series),
    )


def _measurements(table: FeatureTable, column: str) -> list[Measurement]:
    unit = str(table.header.intensity_unit)
    found = []
    for row in table.rows:
        value = float(getattr(row, column))
        if math.isfinite(value):
            name, offset = _name(row)
            found.append(Measurement(name=name, value=value - offset, unit=_unit(row, unit)))
    return found


def _name(row: FeatureRow) -> tuple[CodedConcept, float]:
    """Find a feature's code, and what is to be taken off its value."""
    known = IBSI_FEATURES.get(row.key)
    if known is not None:
        return CodedConcept(known.code, IBSI_SCHEME, f"{row.feature_class} {row.feature}"[:LONGEST_TEXT]), known.offset
    return CodedConcept(row.key, OWN_SCHEME, row.key[:LONGEST_TEXT]), 0.0


def _unit(row: FeatureRow, intensity: str) -> Code:
    unit = unit_of(row.key, intensity)
    if unit == "HU":
        return Code("[hnsf'U]", "UCUM", "Hounsfield unit")
    if unit == "HU2":
        return Code("[hnsf'U]2", "UCUM", "square Hounsfield unit")
    if unit and row.feature_class == "shape":
        return Code(unit, "UCUM", unit)
    return codes.UCUM.NoUnits


def _settings(table: FeatureTable) -> list[str]:
    """Describe what shaped the values, a line each."""
    names = ("engine", "engine_version", "bin_width", "bin_count", "dimension_used", "enhanced_column")
    header = table.header.to_dict()
    sampling = table.header.sampling
    told = [f"means over {sampling['samples']} samples, not of their mean image"] if sampling else []
    return told + [f"{name}: {header[name]}"[:LONGEST_TEXT] for name in names if header[name] is not None]
