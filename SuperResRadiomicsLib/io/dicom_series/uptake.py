"""Standardised uptake values of PET by body weight or lean body mass.

Source: QIBA FDG-PET/CT profile, appendix G (vendor-neutral pseudo-code for SUV); DICOM PS3.3, C.8.9.1 and C.8.9.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ...errors import ImageError

if TYPE_CHECKING:
    from pydicom import Dataset

UNITS = {"BQML": "Bq/ml", "GML": "g/ml", "CNTS": "counts"}
"""Names of the units a PET can have, by DICOM's code."""
SUV = "g/ml (SUV by body weight)"
SUV_LEAN = "g/ml (SUV, LBMJANMA)"
"""By lean body mass after Janmahasatian et al. 2005, in DICOM's own code for it."""
LEANNESS = {"M": (6680.0, 216.0), "F": (8780.0, 244.0)}
"""Lean mass in kg is 9270 weight / (first + second BMI), by sex (doi:10.2165/00003088-200544100-00004)."""
_TIME = re.compile(r"(\d\d)(\d\d)?(\d\d)?(\.\d+)?")
Headers = Sequence["Dataset"]


def pet_unit(headers: Headers, name: str) -> str:
    """Read the unit of a PET's values; empty where it is not stated.

    Raises:
        ImageError: The files state several.
    """
    code = _same(headers, "Units", name)
    kind = _same(headers, "SUVType", name) or "BW"  # DICOM's own default
    if code == "GML":
        return SUV if kind == "BW" else f"g/ml (SUV, {kind})"
    return UNITS.get(code, code)


def uptake_factor(headers: Headers, name: str, lean: bool = False) -> float:
    """Find what to multiply Bq/ml by for SUV: body weight over the dose that is left at the time of decay correction.

    Args:
        headers: Of the series' files.
        name: For messages.
        lean: Take the lean body mass instead of the weight.

    Raises:
        ImageError: The values are not in Bq/ml, or weight, dose or times (height or sex too, of the lean mass) are
            missing or not clear.
    """
    if _same(headers, "Units", name) != "BQML":
        unit = pet_unit(headers, name) or "an unknown unit"
        raise ImageError(f"The PET '{name}' is in {unit}, not in Bq/ml, so that no SUV can be had from it.")
    first = headers[0]
    weight = float(_same(headers, "PatientWeight", name) or 0)
    doses = first.get("RadiopharmaceuticalInformationSequence") or []
    if weight <= 0 or len(doses) != 1:
        raise ImageError(f"The PET '{name}' states no patient's weight, or not one dose; SUV needs both.")
    dose, half_life = (
        float(doses[0].get(keyword) or 0) for keyword in ("RadionuclideTotalDose", "RadionuclideHalfLife")
    )
    if dose <= 0 or half_life <= 0:
        raise ImageError(f"The PET '{name}' states no injected dose or no half-life; SUV needs both.")
    corrected = _same(headers, "DecayCorrection", name)
    if corrected == "ADMIN":
        left = dose
    elif corrected == "START":
        start = _start(headers, name)
        waited = (start - _injected(first, doses[0], start, name)).total_seconds()
        if not 0 <= waited <= 10 * half_life:
            raise ImageError(
                f"The PET '{name}' begins {waited / 60:.0f} minutes after the injection, which cannot be right. Check "
                "its times, which may have been changed when it was anonymised."
            )
        left = dose * 2 ** (-waited / half_life)
    else:
        raise ImageError(
            f"The PET '{name}' is not corrected for decay (DecayCorrection: {corrected or 'not stated'}), as SUV needs."
        )
    if lean:
        weight = _lean_mass(headers, weight, name)
    return 1000.0 * weight / left


def _lean_mass(headers: Headers, weight: float, name: str) -> float:
    """Estimate the lean body mass in kg of a patient of some weight."""
    height = float(_same(headers, "PatientSize", name) or 0)
    sex = _same(headers, "PatientSex", name)
    if not 0.3 <= height <= 2.6 or sex not in LEANNESS:
        raise ImageError(
            f"The PET '{name}' states the height {height:g} m and the sex '{sex}'; SUV by lean body mass needs a "
            "height in metres, and M or F. Take --suv, by body weight."
        )
    base, slope = LEANNESS[sex]
    return 9270.0 * weight / (base + slope * weight / height**2)


def _same(headers: Headers, keyword: str, name: str) -> str:
    """Read what all files state alike, as text; empty where none states it."""
    stated = sorted({str(header.get(keyword) or "") for header in headers})
    if len(stated) > 1:
        raise ImageError(f"The files of the PET '{name}' differ in {keyword} ({', '.join(stated)}). Export it again.")
    return stated[0]


def _start(headers: Headers, name: str) -> datetime:
    """When the scan began; the series' time is that unless the series was made anew later."""
    start = _moment(headers[0].get("SeriesDate"), headers[0].get("SeriesTime"), name)
    acquired = min(
        _moment(header.get("AcquisitionDate") or header.get("SeriesDate"), header.get("AcquisitionTime"), name)
        for header in headers
    )
    if start > acquired:
        raise ImageError(
            f"The PET '{name}' has a series time after its acquisition: the series was processed, and when the scan "
            "began is not known. Convert it to SUV with the scanner's software."
        )
    return start


def _injected(header: Dataset, dose: Dataset, start: datetime, name: str) -> datetime:
    stated = str(dose.get("RadiopharmaceuticalStartDateTime") or "")
    if len(stated) >= 14:
        return _moment(stated[:8], stated[8:], name)
    injected = _moment(header.get("SeriesDate"), dose.get("RadiopharmaceuticalStartTime"), name)
    return injected if injected <= start else injected - timedelta(days=1)


def _moment(date: object, time: object, name: str) -> datetime:
    matched = _TIME.match(str(time or ""))
    try:
        if matched is None:
            raise ValueError("no time")
        hour, minute, second = (int(part or 0) for part in matched.groups()[:3])
        return datetime.strptime(str(date or "").replace(".", ""), "%Y%m%d") + timedelta(
            hours=hour, minutes=minute, seconds=second + float(matched.group(4) or 0)
        )
    except ValueError as error:
        raise ImageError(f"The PET '{name}' lacks a date or time that SUV needs.") from error
