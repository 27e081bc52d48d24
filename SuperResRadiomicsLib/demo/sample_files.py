"""What the sample case `lung1` consists of.

Importing this loads nothing else, as Slicer does when it starts.
"""

from __future__ import annotations

PACKAGE = "pyradiomics-bhklab"
REQUIREMENT = f"{PACKAGE}==3.1.4"
IMAGE, LABEL = "lung1_image.nrrd", "lung1_label.nrrd"
SHA256 = {
    IMAGE: "379fa48bf34cfa961e6f5ec19c0c38757a30b9aa884212ef28dc29b5061c64ed",
    LABEL: "e9d9a88054d7bc1d3034193ff907ce6b8c6ba28a7bc3a16f23728982d1b6b50a",
}
