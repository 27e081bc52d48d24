"""Pairs of ultrasound images, or two lists of them, with roles by patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import ImageError, SettingsError
from SuperResRadiomicsLib.training.config import DataConfig
from SuperResRadiomicsLib.training.entries import VolumeEntry
from SuperResRadiomicsLib.training.readers import READERS
from SuperResRadiomicsLib.training.volumes import list_volumes, load_volume
from Testing.training.readers.samples import write_picture

LAYOUTS = (
    "{quality}/{organ}",
    "{organ}/{quality}",
    "train_datasets/{organ}/{quality}",
    "train_datasets/{quality}/{organ}",
)


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (12, 16), dtype=np.uint8)


def write_pairs(folder: Path, names: list[str], layout: str = LAYOUTS[0], organs: tuple[str, ...] = ("liver",)) -> None:
    for organ in organs:
        for number, name in enumerate(names):
            for side, quality in enumerate(("low_quality", "high_quality")):
                place = layout.format(quality=quality, organ=organ)
                write_picture(folder / place / f"{name}.png", picture(2 * number + side))


def configure(folder: Path, paired: bool = True) -> DataConfig:
    return DataConfig(layout="ultrasound-pairs", modality="US", folder=folder, paired=paired)


def list_pairs(folder: Path, seed: int = 0, paired: bool = True) -> list[VolumeEntry]:
    return list_volumes(configure(folder, paired), seed)


def read(folder: Path, path: str | None) -> np.ndarray:
    assert path is not None
    image, lesion = READERS["ultrasound-pairs"].read(VolumeEntry(path, "", "train", None), configure(folder))
    assert lesion is None and image.modality == "US" and image.voxels.dtype == np.float32
    return image.voxels[0]


def roles_of(entries: list[VolumeEntry]) -> dict[str, set[str]]:
    roles: dict[str, set[str]] = {}
    for entry in entries:
        roles.setdefault(entry.patient, set()).add(entry.role)
    return roles


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pairs_of_every_layout(layout: str, tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001", "0002"], layout, ("breast", "thyroid"))
    entries = list_pairs(tmp_path)
    for quality, paths in (("low_quality", [e.low for e in entries]), ("high_quality", [e.path for e in entries])):
        folders = [layout.format(quality=quality, organ=organ) for organ in ("breast", "thyroid")]
        assert paths == [f"{folder}/{name}.png" for folder in folders for name in ("0001", "0002")]
    assert np.array_equal(read(tmp_path, entries[1].low), picture(2))
    assert np.array_equal(read(tmp_path, entries[1].path), picture(3))


def test_the_organ_may_be_left_out(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001"], "{quality}")
    (entry,) = list_pairs(tmp_path)
    assert (entry.path, entry.patient) == ("high_quality/0001.png", "0-19")


def test_unpaired_images_are_two_independent_lists(tmp_path: Path) -> None:
    for number in range(4):
        write_picture(tmp_path / "low_quality" / "kidney" / f"{number:04d}.png", picture(number))
    write_picture(tmp_path / "high_quality" / "kidney" / "0001.png", picture(9))
    entries = list_pairs(tmp_path, 0, paired=False)
    assert all(entry.low is None for entry in entries)
    assert [e.path for e in entries if e.is_low] == [f"low_quality/kidney/{number:04d}.png" for number in range(4)]
    assert [e.path for e in entries if not e.is_low] == ["high_quality/kidney/0001.png"]


def test_colour_becomes_luminance(tmp_path: Path) -> None:
    grey, colour = picture(0), np.zeros((12, 16, 3), dtype=np.uint8)
    colour[..., 0] = 200
    write_picture(tmp_path / "low_quality" / "0001.png", np.stack([grey] * 3, axis=-1))
    write_picture(tmp_path / "high_quality" / "0001.png", colour)
    assert np.array_equal(read(tmp_path, "low_quality/0001.png"), grey)
    assert np.allclose(read(tmp_path, "high_quality/0001.png"), 0.299 * 200)


def test_roles_are_drawn_by_patient(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"p{patient}_{image}" for patient in range(10) for image in range(3)], organs=("a", "b"))
    roles = roles_of(list_pairs(tmp_path))
    assert sorted(roles) == [f"p{patient}" for patient in range(10)]
    assert all(len(role) == 1 for role in roles.values()), "also over organs"
    counts = [role for each in roles.values() for role in each]
    assert (counts.count("train"), counts.count("validation"), counts.count("test")) == (8, 1, 1)
    assert list_pairs(tmp_path) == list_pairs(tmp_path) != list_pairs(tmp_path, 1)


def test_neighbouring_numbers_stand_in_for_a_patient(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"{number:04d}" for number in (1, 19, 20, 45)])
    assert sorted(roles_of(list_pairs(tmp_path))) == ["liver 0-19", "liver 20-39", "liver 40-59"]


def test_a_splits_file_names_patients_and_roles(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001", "0002", "0003"])
    table = tmp_path / "splits.csv"
    table.write_text("path,patient,role\nlow_quality/liver/0001.png,A,train\nhigh_quality/liver/0002.png,B,test\n")
    assert [(e.patient, e.role) for e in list_pairs(tmp_path)] == [
        ("A", "train"),
        ("B", "test"),
        ("liver 0-19", "unused"),
    ]
    table.write_text("path,patient,role\nlow_quality/liver/0001.png,A,train\nlow_quality/liver/0002.png,A,test\n")
    with pytest.raises(SettingsError, match="'A' two roles"):
        list_pairs(tmp_path)
    table.write_text("patient,role\nA,train\n")
    with pytest.raises(SettingsError, match="columns path, patient, role"):
        list_pairs(tmp_path)


def test_another_layout_is_explained(tmp_path: Path) -> None:
    write_picture(tmp_path / "low_quality" / "liver" / "0001.png", picture(0))
    with pytest.raises(SettingsError, match=r"no high_quality images .*high_quality/thyroid/0001.png"):
        list_pairs(tmp_path)


def test_an_image_without_its_partner_is_named(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001", "0002"])
    (tmp_path / "high_quality" / "liver" / "0002.png").unlink()
    with pytest.raises(SettingsError, match=r"1 images have no partner .*\['liver/0002'\].*data.paired to false"):
        list_pairs(tmp_path)


def test_images_that_cannot_be_a_pair_are_refused(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001"])
    (entry,) = list_pairs(tmp_path)
    write_picture(tmp_path / entry.path, picture(0)[:-1])
    with pytest.raises(ImageError, match=r"'low.*' has \(16, 12\) pixels and 'high.*' \(16, 11\).*data.paired"):
        load_volume(entry, configure(tmp_path))
    write_picture(tmp_path / entry.path, picture(0).astype(np.uint16))
    with pytest.raises(ImageError, match="uint16 values; 8-bit"):
        load_volume(entry, configure(tmp_path))
    (tmp_path / entry.path).write_text("not a picture")
    with pytest.raises(ImageError, match="could not be read"):
        load_volume(entry, configure(tmp_path))


def test_both_images_of_a_pair_are_on_the_scale_of_the_high_one(tmp_path: Path) -> None:
    high = np.random.default_rng(0).integers(40, 220, (24, 32), dtype=np.uint8)
    write_picture(tmp_path / "high_quality" / "0001.png", high)
    write_picture(tmp_path / "low_quality" / "0001.png", (high // 2 + 30).astype(np.uint8))
    volume = load_volume(list_pairs(tmp_path)[0], configure(tmp_path))
    assert volume.low is not None
    assert np.abs(volume.low.voxels - volume.image.voxels).max() <= 2, "gain and offset are gone, rounding is not"
    halved = volume.reduced(2)
    assert halved.low is not None and halved.low.grid == halved.image.grid != volume.image.grid
