"""The reference documents every name of the front door, and no other."""

import re
from pathlib import Path

import SuperResRadiomicsLib as srr

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"


def test_every_name_of_the_front_door_is_documented_once():
    documented = re.findall(r"^::: SuperResRadiomicsLib\.(\w+)$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    wanted = [name for name in srr.__all__ if callable(getattr(srr, name))]
    assert sorted(documented) == sorted(wanted)
