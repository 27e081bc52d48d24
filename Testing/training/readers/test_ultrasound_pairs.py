"""Pairs of ultrasound images, or two lists of them, with roles by patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import ImageError, SettingsError
from SuperResRadiomicsLib.training.readers.ultrasound_pairs import PairEntry, list_pairs, load_pair
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


def roles_of(entries: list[PairEntry]) -> dict[str, set[str]]:
    roles: dict[str, set[str]] = {}
    for entry in entries:
        roles.setdefault(entry.patient, set()).add(entry.role)
    return roles


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pairs_of_every_layout(layout: str, tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001", "0002"], layout, ("breast", "thyroid"))
    entries = list_pairs(tmp_path, 0)
    assert [(e.organ, e.low and e.low.name) for e in entries] == [
        (organ, name) for organ in ("breast", "thyroid") for name in ("0001.png", "0002.png")
    ]
    low, high = load_pair(entries[1])
    assert low is not None and high is not None and low.dtype == high.dtype == np.float32
    assert np.array_equal(low, picture(2)) and np.array_equal(high, picture(3))


def test_the_organ_may_be_left_out(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001"], "{quality}")
    (entry,) = list_pairs(tmp_path, 0)
    assert (entry.organ, entry.patient) == ("", "0-19")


def test_unpaired_images_are_two_independent_lists(tmp_path: Path) -> None:
    for number in range(4):
        write_picture(tmp_path / "low_quality" / "kidney" / f"{number:04d}.png", picture(number))
    write_picture(tmp_path / "high_quality" / "kidney" / "0001.png", picture(9))
    entries = list_pairs(tmp_path, 0, paired=False)
    low = [e for e in entries if e.low is not None]
    (high,) = [e for e in entries if e.high is not None]
    assert len(low) == 4 and all(e.high is None for e in low) and high.low is None
    first, nothing = load_pair(high)
    assert first is None and nothing is not None and np.array_equal(nothing, picture(9))


def test_colour_becomes_luminance(tmp_path: Path) -> None:
    grey, colour = picture(0), np.zeros((12, 16, 3), dtype=np.uint8)
    colour[..., 0] = 200
    write_picture(tmp_path / "low_quality" / "0001.png", np.stack([grey] * 3, axis=-1))
    write_picture(tmp_path / "high_quality" / "0001.png", colour)
    low, high = load_pair(list_pairs(tmp_path, 0)[0])
    assert low is not None and high is not None
    assert np.array_equal(low, grey) and np.allclose(high, 0.299 * 200)


def test_roles_are_drawn_by_patient(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"p{patient}_{image}" for patient in range(10) for image in range(3)], organs=("a", "b"))
    roles = roles_of(list_pairs(tmp_path, 0))
    assert sorted(roles) == [f"p{patient}" for patient in range(10)]
    assert all(len(role) == 1 for role in roles.values()), "also over organs"
    counts = [role for each in roles.values() for role in each]
    assert (counts.count("train"), counts.count("validation"), counts.count("test")) == (8, 1, 1)
    assert list_pairs(tmp_path, 0) == list_pairs(tmp_path, 0) != list_pairs(tmp_path, 1)


def test_neighbouring_numbers_stand_in_for_a_patient(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"{number:04d}" for number in (1, 19, 20, 45)])
    assert sorted(roles_of(list_pairs(tmp_path, 0))) == ["liver 0-19", "liver 20-39", "liver 40-59"]


def test_a_splits_file_names_patients_and_roles(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001", "0002", "0003"])
    table = tmp_path / "splits.csv"
    table.write_text("path,patient,role\nlow_quality/liver/0001.png,A,train\nhigh_quality/liver/0002.png,B,test\n")
    assert [(e.patient, e.role) for e in list_pairs(tmp_path, 0)] == [
        ("A", "train"),
        ("B", "test"),
        ("liver 0-19", "unused"),
    ]
    table.write_text("path,patient,role\nlow_quality/liver/0001.png,A,train\nlow_quality/liver/0002.png,A,test\n")
    with pytest.raises(SettingsError, match="'A' two roles"):
        list_pairs(tmp_path, 0)
    table.write_text("patient,role\nA,train\n")
    with pytest.raises(SettingsError, match="columns path, patient, role"):
        list_pairs(tmp_path, 0)


def test_another_layout_is_explained(tmp_path: Path) -> None:
    write_picture(tmp_path / "low_quality" / "liver" / "0001.png", picture(0))
    with pytest.raises(SettingsError, match=r"no high_quality images .*high_quality/thyroid/0001.png"):
        list_pairs(tmp_path, 0)


def test_an_image_without_its_partner_is_named(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001", "0002"])
    (tmp_path / "high_quality" / "liver" / "0002.png").unlink()
    with pytest.raises(SettingsError, match=r"1 images have no partner .*\['liver/0002'\].*paired=False"):
        list_pairs(tmp_path, 0)


def test_images_that_cannot_be_a_pair_are_refused(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["0001"])
    (entry,) = list_pairs(tmp_path, 0)
    assert entry.high is not None
    write_picture(entry.high, picture(0)[:-1])
    with pytest.raises(ImageError, match=r"\(12, 16\) and \(11, 16\) pixels"):
        load_pair(entry)
    write_picture(entry.high, picture(0).astype(np.uint16))
    with pytest.raises(ImageError, match="uint16 values; 8-bit"):
        load_pair(entry)
    entry.high.write_text("not a picture")
    with pytest.raises(ImageError, match="could not be read"):
        load_pair(entry)
