"""What every DICOM object that we write says about itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from highdicom import UID

from ... import __version__

MANUFACTURER = "SuperResRadiomics"
MODEL_NAME = "SuperResRadiomicsLib"
CHARACTERS = "ISO_IR 192"
"""UTF-8 (PS3.3, C.12.1.1.2): the source may name its characters in a way that cannot be taken over, or not at all."""
NOTICE = "not for clinical use"
"""Stands in every series' description, where viewers show it; 64 characters fit there."""


def equipment() -> dict[str, Any]:
    """List the equipment and characters of an object, as `highdicom` takes them; none of them is the scanner's."""
    return {
        "specific_character_set": CHARACTERS,
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


@contextmanager
def names_as_given() -> Iterator[None]:
    """Keep `highdicom` from showing a patient's name on the screen where it is a single word."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The string .* person name", category=UserWarning)
        yield
