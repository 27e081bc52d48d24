"""Disks that are full or read-only, and folders that vanish: said in a sentence, and nothing half-written remains."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement.result import FORMATS, Enhancement, load_enhancement
from SuperResRadiomicsLib.errors import OutputError, SuperResError
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.files import prepare_folder, write_text
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.outputs import output_set
from Testing.reliability.conftest import TRIES
from Testing.reliability.test_killed import ENVIRONMENT

MAIN = "from SuperResRadiomicsLib.cli import main; main()"
GRID = Grid((64, 48, 20), (0.8, 0.8, 3.0))


@pytest.fixture
def enhancement() -> Enhancement:
    """Images of noise, which does not compress: 120 kB each."""
    random = np.random.default_rng(0)
    images = [Image(random.integers(-999, 999, GRID.shape).astype(np.int16), GRID, "CT", "HU") for _ in range(3)]
    mask = random.random(GRID.shape) > 0.5
    provenance = {
        "schema_version": 1,
        "input": {"modality": "CT"},
        "region": {"start": [0, 0, 0], "stop": list(GRID.size)},
        "residual": {},
        "warnings": [],
    }
    return Enhancement(*images, mask, mask, Box((0, 0, 0), GRID.size), {}, provenance, ())


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kilobytes", [8, 100, 200, 300])
def test_a_full_disk_is_said_and_leaves_the_earlier_results(small_disk, enhancement, format, kilobytes):
    """The disk is full at the first image, within it, or later."""
    disk = small_disk(kilobytes)
    (disk / "mine.txt").write_text("mine")
    with pytest.raises(OutputError):
        enhancement.save(disk / "out", format)
    assert [path.name for path in disk.iterdir()] == ["mine.txt"]


def test_a_table_on_a_full_disk(small_disk):
    disk = small_disk(8)
    with pytest.raises(OutputError, match="No space left"):
        write_text(disk / "table.csv", "x" * 100_000)
    assert list(disk.iterdir()) == []


def test_a_study_on_a_full_disk_does_not_end_well(small_disk, tmp_path):
    """Features cannot be written, nor can the errors: the run says so and ends with 2."""
    from Testing.study.conftest import PROTOCOL, write_cohort

    study = write_cohort(tmp_path / "study", PROTOCOL)
    disk = small_disk(24)
    (study / "results").symlink_to(disk)
    command = [sys.executable, "-c", MAIN, "study", "run", str(study), "--workers", "1", "--json"]
    ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    told = json.loads(ended.stdout) if ended.stdout else {"bad": {"all": ""}}
    assert told["bad"]


def test_a_read_only_disk_is_said_before_the_work(small_disk):
    disk = small_disk(100)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(OutputError, match="Read-only"):
        prepare_folder(disk / "out")
    with pytest.raises(OutputError, match="Read-only"), output_set(disk, "set.json"):
        pytest.fail("the work began")


def test_a_folder_that_vanishes_is_an_error_not_a_traceback(tmp_path):
    with pytest.raises(OutputError), output_set(tmp_path / "out", "set.json") as staging:
        write_text(staging / "set.json", "{}")
        shutil.rmtree(tmp_path / "out")
        write_text(staging / "more.txt", "")
    assert list(tmp_path.iterdir()) == []


def test_damaged_results_are_refused_or_the_same(enhancement, tmp_path):
    enhancement.save(tmp_path / "whole")
    random = np.random.default_rng(0)
    for number in range(60 * TRIES):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "whole", folder)
        damage(random, random.choice(sorted(folder.iterdir())))
        try:
            found = load_enhancement(folder)
        except SuperResError:
            continue
        for name in ("enhanced", "bicubic", "original"):
            assert np.array_equal(getattr(found, name).voxels, getattr(enhancement, name).voxels)
        assert np.array_equal(found.mask, enhancement.mask)
        assert found.residual == enhancement.residual


def damage(random: np.random.Generator, path: Path) -> None:
    """Flip a bit, cut the file, empty it, remove it, or put another kind of content in its place."""
    content = bytearray(path.read_bytes())
    kind = random.integers(6)
    if kind == 0:
        path.unlink()
        return
    place = int(random.integers(len(content)))
    if kind in (1, 2):
        content[place] ^= 1 << int(random.integers(8))
    elif kind == 3:
        del content[place:]
    elif kind == 4:
        content = bytearray(b"[]")
    else:
        content[place : place + 8] = b"null    "
    path.write_bytes(content)
