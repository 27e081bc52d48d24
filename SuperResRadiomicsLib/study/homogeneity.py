"""A homogeneous cohort: the cases whose scans were acquired alike.

Texture depends on voxel size and reconstruction kernel; de Farias et al. 2021 therefore kept 142 of
422 scans. Nothing is resampled here, cases are only kept or left out, each with the reason.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from ..errors import StudyError, SuperResError
from ..io.csv_tables import NOTICE_COLUMN, csv_text
from ..io.files import write_json, write_text
from ..io.outputs import output_set
from .headers import Acquisition, read_acquisition
from .manifest import Case, read_manifest, write_manifest

KERNEL_COLUMN = "kernel"
"""The manifest's column with the kernel, where the image's header does not state it."""
LEFT_OUT_COLUMNS = ("case", "patient", "pixel_spacing_mm", "slice_thickness_mm", "kernel", "reason")


@dataclass(frozen=True)
class Criteria:
    """What a scan must be like.

    Attributes:
        pixel_spacing: In mm, of both axes; any without it.
        slice_thickness: In mm; any without it.
        kernel: Name or pattern such as ``B3?f``, capitals do not matter; any without it.
        spacing_tolerance: By how many mm the pixel spacing may differ.
        thickness_tolerance: Likewise the slice thickness.

    Raises:
        StudyError: A length that is not positive, or a negative tolerance.
    """

    pixel_spacing: float | None = None
    slice_thickness: float | None = None
    kernel: str | None = None
    spacing_tolerance: float = 0.05
    thickness_tolerance: float = 0.1

    def __post_init__(self) -> None:
        if any(length is not None and not length > 0 for length in (self.pixel_spacing, self.slice_thickness)):
            raise StudyError("Pixel spacing and slice thickness are lengths in mm above 0.")
        if not (self.spacing_tolerance >= 0 and self.thickness_tolerance >= 0):
            raise StudyError("A tolerance is a length in mm of at least 0.")

    @property
    def wants_largest_group(self) -> bool:
        """Whether nothing is asked for, so that the cohort itself decides."""
        return self.pixel_spacing is None and self.slice_thickness is None and self.kernel is None


@dataclass(frozen=True)
class Selection:
    """What became of a cohort.

    Attributes:
        kept: The cases that are alike.
        left_out: The reason by the other cases' names.
        acquisitions: By case, where the header could be read.
        centre: The scan that the largest group lies around, where that was asked for.
    """

    kept: tuple[Case, ...]
    left_out: Mapping[str, str]
    acquisitions: Mapping[str, Acquisition]
    centre: Acquisition | None


def filter_manifest(
    manifest: str | os.PathLike[str], out: str | os.PathLike[str], criteria: Criteria, overwrite: bool = False
) -> Selection:
    """Write a manifest of the cases that were acquired alike, and beside it a CSV with the reasons of the others.

    Args:
        manifest: The manifest; it is left as it is.
        out: The new manifest, another file; the reasons go to ``NAME-left-out.csv``, the criteria to
            ``NAME-left-out.json``.
        criteria: What to keep; without any, the largest group.
        overwrite: Replace files that no such selection wrote.

    Raises:
        StudyError: The manifest is not valid, or nothing is left.
        OutputError: The files cannot be written, or would replace an input or a file of the user's.
    """
    source, target = Path(manifest), Path(out)
    cases = read_manifest(source, check_files=False)
    found = select_alike(cases, criteria)
    if not found.kept:
        reason = found.left_out[cases[0].name].rstrip(".")
        raise StudyError(f"None of {len(cases)} scans is left; the first one: {reason}. Loosen the criteria.")
    reasons = left_out_path(target)
    record = reasons.with_suffix(".json").name
    inputs = [source, *(path for case in cases for path in case.files.values())]
    names = [target.name, reasons.name]
    with output_set(target.parent, record, names=names, inputs=inputs, overwrite=overwrite) as staging:
        write_manifest(staging / target.name, found.kept, target.parent)
        write_text(staging / reasons.name, _left_out_csv(cases, found))
        write_json(staging / record, _describe(criteria, found))
    return found


def _describe(criteria: Criteria, found: Selection) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "criteria": asdict(criteria),
        "kept": [case.name for case in found.kept],
        "left_out": dict(found.left_out),
    }


def left_out_path(out: Path) -> Path:
    """Name the file where the reasons go."""
    return out.with_name(f"{out.stem}-left-out.csv")


def select_alike(cases: Sequence[Case], criteria: Criteria) -> Selection:
    """Choose the cases that were acquired alike; of a restoration study by their references.

    Without criteria it is the largest group: the scans within the tolerances of that scan that has most
    such scans around it, with its kernel; of equal ones the first.
    """
    acquisitions: dict[str, Acquisition] = {}
    reasons: dict[str, str] = {}
    for case in cases:
        try:
            acquisitions[case.name] = _acquisition(case)
        except SuperResError as error:
            reasons[case.name] = str(error)
    centre = _centre(acquisitions, criteria) if criteria.wants_largest_group else None
    for name, acquisition in acquisitions.items():
        unlike = list(_differences(acquisition, criteria, centre))
        if unlike:
            reasons[name] = "; ".join(unlike)
    for case in cases:
        if case.retest_of in reasons and case.name not in reasons:
            reasons[case.name] = f"its first session, {case.retest_of}, is left out"
    kept = tuple(case for case in cases if case.name not in reasons)
    left_out = {case.name: reasons[case.name] for case in cases if case.name in reasons}
    return Selection(kept, left_out, acquisitions, centre)


def _acquisition(case: Case) -> Acquisition:
    found = read_acquisition(case.reference) if case.reference else read_acquisition(case.image, case.series)
    kernel = found.kernel or case.covariates.get(KERNEL_COLUMN, "")
    return Acquisition(found.pixel_spacing, found.slice_thickness, kernel)


def _centre(acquisitions: Mapping[str, Acquisition], criteria: Criteria) -> Acquisition | None:
    def alike(centre: Acquisition) -> int:
        return sum(not any(_differences(other, criteria, centre)) for other in acquisitions.values())

    return max(acquisitions.values(), key=alike, default=None)


def _differences(scan: Acquisition, criteria: Criteria, centre: Acquisition | None) -> Iterator[str]:
    """Why a scan is unlike the criteria, or unlike the centre of a group where there is one."""
    spacings: tuple[float, ...] | None = (criteria.pixel_spacing,) * 2 if criteria.pixel_spacing else None
    thickness, kernel = criteria.slice_thickness, criteria.kernel
    if centre is not None:
        spacings, thickness, kernel = centre.pixel_spacing, centre.slice_thickness, centre.kernel
    if spacings and any(
        _apart(a, b, criteria.spacing_tolerance) for a, b in zip(scan.pixel_spacing, spacings, strict=True)
    ):
        yield f"pixel spacing {_mm(*scan.pixel_spacing)}, not {_mm(*spacings)} -+ {criteria.spacing_tolerance:g}"
    if thickness and _apart(scan.slice_thickness, thickness, criteria.thickness_tolerance):
        yield f"slice thickness {_mm(scan.slice_thickness)}, not {_mm(thickness)} -+ {criteria.thickness_tolerance:g}"
    if kernel is not None and not _same_kernel(scan.kernel, kernel, pattern=centre is None):
        yield f"kernel {scan.kernel or 'not known'}, not {kernel or 'unknown as the others'}"


def _apart(value: float, wanted: float, tolerance: float) -> bool:
    # Headers hold rounded decimals: 0.8 - 0.75 must not be more than 0.05.
    return abs(value - wanted) > tolerance + 1e-6


def _same_kernel(kernel: str, wanted: str, pattern: bool) -> bool:
    if pattern:
        return fnmatch.fnmatchcase(kernel.lower(), wanted.lower())
    return kernel.lower() == wanted.lower()


def _mm(*lengths: float) -> str:
    return " x ".join(f"{length:.4g}" for length in dict.fromkeys(lengths)) + " mm"


def _left_out_csv(cases: Sequence[Case], found: Selection) -> str:
    rows: list[tuple[str, ...]] = []
    for case in cases:
        if case.name in found.left_out:
            scan = found.acquisitions.get(case.name)
            figures = (_mm(*scan.pixel_spacing)[:-3], f"{scan.slice_thickness:.4g}", scan.kernel) if scan else ("",) * 3
            rows.append((case.name, case.patient, *figures, found.left_out[case.name], NOT_FOR_CLINICAL_USE))
    return csv_text((*LEFT_OUT_COLUMNS, NOTICE_COLUMN), rows)
