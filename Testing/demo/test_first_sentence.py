"""What the demo says first is true: every number of it is counted again in the demo's own files."""

from __future__ import annotations

import csv
import html
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.demo import run as demo_run
from SuperResRadiomicsLib.demo.phantom import lung_nodule_phantom
from SuperResRadiomicsLib.demo.sample import SampleError
from Testing.cli.conftest import command  # noqa: F401
from Testing.verdict.test_lesion import card_that_knows

MINUS = "\N{MINUS SIGN}"


def fail() -> None:
    raise SampleError("there is no network")


@pytest.fixture
def made(command, tiny_model, tmp_path, monkeypatch):  # noqa: F811
    """What the demo printed, and its folder: with a model that has evidence for some of the features."""
    monkeypatch.setattr(demo_run, "lung1", fail)
    case = lung_nodule_phantom()
    table = srr.compare(srr.enhance(case.image, tiny_model, mask=case.mask))
    model = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    card_that_knows(table, model, model=model, spacing_mm=[0.5, 1.0])
    outcome = command("demo", "--model", model, "--out", tmp_path / "demo")
    assert outcome.code == 0, outcome.err
    return outcome.out, tmp_path / "demo"


def sentences(folder: Path) -> list[str]:
    """The answer of the page, and the sentence below it."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    found = re.search(r'<p class="answer">(.*?)</p>\s*<p>(.*?)</p>', page, re.DOTALL)
    assert found is not None
    return [html.unescape(text) for text in found.groups()]


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "features.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["class"] != "lesion"]


def test_the_first_sentence_of_the_demo_is_counted_in_its_own_table(made):
    printed, folder = made
    said, changed = sentences(folder)
    assert said == " ".join(printed.splitlines()[0].split()), "the page says what the command printed first"

    words = Counter(row["verdict"] for row in rows_of(folder))
    counts = [int(number) for number in re.findall(r"\d+", said)]
    usable = [words[word] for word in ("faithful", "restored") if words[word]]
    bad = [words[word] for word in ("unfaithful", "unstable", "made worse") if words[word]]
    unclear = [words[word] for word in ("stable", "undecided", "unknown") if words[word]]
    assert counts == [words.total(), sum(usable), *usable, sum(bad), *bad, sum(unclear), *unclear]
    assert usable and bad and unclear and words.total() == 107
    for number, word in re.findall(r"(\d+) (faithful|restored|unfaithful|made worse|undecided|unknown)", said):
        assert words[word] == int(number)

    effects = [row for row in rows_of(folder) if row["class"] != "shape" and row["network effect (relative)"]]
    network = {f"{row['class']} {row['feature']}": float(row["network effect (relative)"]) for row in effects}
    voxels = [float(row["voxel size effect (relative)"]) for row in effects if row["voxel size effect (relative)"]]
    most = max(network, key=lambda name: abs(network[name]))
    percent = f"{network[most]:+.1%}" if abs(network[most]) < 1 else f"{network[most]:+,.0%}"
    moved, by_voxels = (sum(abs(value) >= 0.1 for value in values) for values in (network.values(), voxels))
    assert changed == (
        f"The network changed {moved} of {len(network)} features by 10% or more beside interpolation (most: {most}, "
        f"{percent.replace('-', MINUS)}); smaller voxels alone changed {by_voxels} of {len(voxels)}."
    )
    check_arithmetic(rows_of(folder))


def check_arithmetic(rows: list[dict[str, str]]) -> None:
    """Both changes of every row follow from its three values."""
    for row in rows:
        original, bicubic = float(row["original"]), float(row["bicubic"])
        enhanced = float(next(value for name, value in row.items() if name.startswith("tiny (")))
        assert float(row["voxel size effect"]) == pytest.approx(bicubic - original, rel=1e-12, abs=1e-12)
        assert float(row["network effect"]) == pytest.approx(enhanced - bicubic, rel=1e-12, abs=1e-12)
        if row["network effect (relative)"]:
            assert float(row["network effect (relative)"]) == pytest.approx((enhanced - bicubic) / abs(bicubic))
