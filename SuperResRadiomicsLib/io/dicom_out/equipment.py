"""What every DICOM object that we write says about itself."""

from __future__ import annotations

from typing import Any

from highdicom import UID

from ... import __version__

MANUFACTURER = "SuperResRadiomics"
MODEL_NAME = "SuperResRadiomicsLib"
NOTICE = "not for clinical use"
"""Stands in every series' description, where viewers show it; 64 characters fit there."""


def equipment() -> dict[str, Any]:
    """List the attributes of the general equipment, as `highdicom` takes them; none of them is the scanner's."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL_NAME,
        "software_versions": __version__,
        "device_serial_number": __version__,
    }


def new_object(series_number: int, description: str) -> dict[str, Any]:
    """Make UIDs and numbers for an object that is a series of its own, as `highdicom` takes them."""
    return {
        "series_instance_uid": UID(),
        "series_number": series_number,
        "sop_instance_uid": UID(),
        "instance_number": 1,
        "series_description": f"{description}, {NOTICE}",
        **equipment(),
    }
