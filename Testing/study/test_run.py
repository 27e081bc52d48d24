"""Runs of real worker processes: killed anywhere, they go on, and the results are the same to the bit."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from SuperResRadiomicsLib.errors import StudyError
from SuperResRadiomicsLib.study import cluster
from SuperResRadiomicsLib.study.progress import read_status
from SuperResRadiomicsLib.study.run import run_study

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from SuperResRadiomicsLib.cli import main; main()", "study", "run"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def features(folder: Path) -> bytes:
    return (folder / "results" / "features.parquet").read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from Testing.study.cohort import PROTOCOL, write_cohort

    folder = write_cohort(tmp_path_factory.mktemp("whole") / "study", PROTOCOL)
    summary = run_study(folder, workers=1)
    assert (len(summary.done), summary.bad, summary.computed) == (7, {}, 7)
    return folder


def test_running_again_computes_nothing(uninterrupted):
    before = features(uninterrupted)
    assert run_study(uninterrupted, workers=1).computed == 0
    assert features(uninterrupted) == before
    status = read_status(uninterrupted)
    assert (status.state, status.done, status.waiting) == ("ended", 7, 0)


@pytest.mark.parametrize("victim", [pytest.param("client", marks=pytest.mark.slow), "worker"])
def test_what_is_killed_goes_on_with_the_same_bits(study, uninterrupted, victim):
    """A real SIGKILL of the run, or of a worker, once the first case is done."""
    with subprocess.Popen([*COMMAND, str(study), "--workers", "1"], env=ENVIRONMENT, start_new_session=True) as process:
        deadline = time.monotonic() + 120
        while not any((study / "results").glob("cases/c*.parquet")):  # a case, not a file that is being written
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        if victim == "client":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(_youngest_child(process.pid), signal.SIGKILL)
        process.wait(timeout=120)
    if victim == "client":
        assert not (study / "results" / "features.parquet").exists()
        assert run_study(study, workers=2).computed < 7, "what was done is not done again"
    else:
        assert process.returncode == 0, "a worker's death does not stop the run"
    assert features(study) == features(uninterrupted)


def _youngest_child(pid: int) -> int:
    """The worker: the process below all others under a process."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    below = [pid]
    found: list[int] = []
    while below:
        below = [child for child, parent in parents.items() if parent in below]
        found += below
    return max(found)


def test_a_bad_case_is_recorded_and_the_rest_is_done(study):
    (study / "c2.nrrd").write_bytes(b"not an image")
    summary = run_study(study, workers=1)
    assert len(summary.done) == 6 and set(summary.bad) == {"c2"}
    assert "c2" in summary.bad["c2"]
    shutil.copy(study / "c1.nrrd", study / "c2.nrrd")
    mended = run_study(study, workers=1)
    assert (mended.computed, len(mended.done)) == (1, 7), "only what was mended is tried again"


def test_only_what_changed_is_computed_anew(uninterrupted, tmp_path):
    """A manifest's group enters the table alone; an image's voxels enter its case."""
    study = shutil.copytree(uninterrupted, tmp_path / "study")
    manifest = (study / "manifest.csv").read_text()
    (study / "manifest.csv").write_text(manifest.replace("c1_mask.nrrd,b", "c1_mask.nrrd,=b"))
    assert run_study(study, workers=1).computed == 0
    rows = list(csv.DictReader((study / "results" / "features.csv").read_text().splitlines()))
    groups = {row["case"]: row["group"] for row in rows}
    assert (groups["c0"], groups["c1"]) == ("a", "'=b"), "no spreadsheet runs it"
    assert rows[0]["notice"].startswith("Not for clinical use")
    shutil.copy(study / "c1.nrrd", study / "c2.nrrd")
    assert run_study(study, workers=1).computed == 1


def test_other_settings_compute_anew_and_others_do_not(study):
    run_study(study, workers=1)
    protocol = yaml.safe_load((study / "protocol.yaml").read_text())
    (study / "protocol.yaml").write_text(yaml.safe_dump(protocol | {"title": "Another title"}))
    assert run_study(study, workers=1).computed == 0
    (study / "protocol.yaml").write_text(yaml.safe_dump(protocol | {"seed": 2}))
    assert read_status(study).outdated == 7
    assert run_study(study, workers=1).computed == 7


def test_a_scheduler_that_is_not_there(study, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(StudyError, match="No Dask scheduler answers"):
        run_study(study, scheduler="tcp://127.0.0.1:9")


def test_status_as_json(uninterrupted):
    command = [*COMMAND[:-1], "status", str(uninterrupted), "--json"]
    said = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    assert json.loads(said)["done"] == 7
