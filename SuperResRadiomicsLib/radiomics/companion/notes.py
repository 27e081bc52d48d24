"""What a reader of a table must know about the features of our own."""

from __future__ import annotations

from collections.abc import Collection

from .intensity import PEAK_RADIUS_MM, RING_WIDTH_MM
from .quality import WAVELET
from .uptake import FIXED_UPTAKE, SHARE_OF_MAXIMUM

_NOTES = {
    "lesionintensity": (
        f"lesionintensity: names after Moummad et al. 2022, definitions ours; peak: mean in a sphere of "
        f"{PEAK_RADIUS_MM:.1f} mm radius about the brightest voxel (IBSI VJGA); ring: {RING_WIDTH_MM:g} mm wide"
    ),
    "imagequality": (
        f"imagequality: our definition of the IQ wavelets of Moummad et al. 2022 (sum HH^2 / sum LL^2, {WAVELET}, one "
        "level, slice by slice); global: the whole image that was given, local: the lesion's box"
    ),
    "uptake": (
        f"uptake: of PET alone, volumes in ml, glycolysis: volume times mean uptake; of the outlined lesion, from "
        f"{SHARE_OF_MAXIMUM:.0%} of its maximum, from an SUV of {FIXED_UPTAKE:g}"
    ),
}


def companion_header(classes: Collection[str]) -> dict[str, str]:
    """Explain our own features among some classes, as an entry of a table's header; none without them."""
    notes = [note for name, note in _NOTES.items() if name in classes]
    return {"companion_note": "; ".join(notes)} if notes else {}
