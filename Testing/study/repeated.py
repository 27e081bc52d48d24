"""A cohort as researchers bring it: two further readers, retests, outcomes; run once for several files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import ndimage

from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.study.run import run_study
from Testing.study.cohort import PROTOCOL, write_cohort

LESIONS = 6
REPEATED = 4
CHANGES = {"perturbations": {}, "features": {"engine": "exact", "classes": ["shape", "firstorder"]}}
OUTCOMES = {
    "response": ["1", "0", "1", "0", "0", "1"],
    "months": ["5", "20", "3", "14", "30", ""],
    "died": ["1", "0", "1", "1", "0", ""],
}


def write_repeated(folder: Path) -> Path:
    """Six lesions of six patients; reader B read all, reader C all but the last; four were scanned twice."""
    write_cohort(folder, PROTOCOL | CHANGES, LESIONS)
    lines = ["case,patient,image,mask,retest_of,mask:B,mask:C,response,months,died"]
    for number in range(LESIONS):
        name = f"c{number}"
        image = read_image(folder / f"{name}.nrrd", "CT")
        mask = read_mask(folder / f"{name}_mask.nrrd", image.grid)
        write_mask(ndimage.binary_dilation(mask), image.grid, folder / f"{name}_b.nrrd")
        write_mask(np.roll(mask, 1, axis=2), image.grid, folder / f"{name}_c.nrrd")
        third = f"{name}_c.nrrd" if number < LESIONS - 1 else ""
        outcomes = ",".join(column[number] for column in OUTCOMES.values())
        lines.append(f"{name},p{number},{name}.nrrd,{name}_mask.nrrd,,{name}_b.nrrd,{third},{outcomes}")
        if number < REPEATED:
            noise = np.random.default_rng(number).normal(0, 5, image.grid.shape)
            again = (image.voxels + noise).astype(np.int16)
            write_image(Image(again, image.grid, "CT", "HU"), folder / f"{name}_again.nrrd")
            lines.append(f"{name}r,p{number},{name}_again.nrrd,{name}_mask.nrrd,{name},,,,,")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder


def run_repeated(folder: Path) -> Path:
    """The same, run."""
    summary = run_study(write_repeated(folder), workers=1)
    assert not summary.bad and len(summary.done) == LESIONS + REPEATED
    return folder
