import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from SuperResRadiomicsLib.demo import sample
from SuperResRadiomicsLib.demo.case import SampleCase


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(sample.CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture
def archive(test_data, tmp_path) -> Path:
    """An archive laid out like the source distribution, holding the two files and one that must stay inside."""
    path = tmp_path / "archive.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in sample.SHA256:
            tar.add(test_data / "ct" / "pyradiomics" / name, f"{sample.FOLDER_IN_ARCHIVE}/{name}")
        tar.addfile(tarfile.TarInfo("../escaped.txt"), io.BytesIO())
    return path


def offer(monkeypatch, archive: Path) -> list[str]:
    """Make pip 'download' the archive; returns the list of its calls."""
    calls: list[str] = []

    def download(folder: Path) -> Path:
        calls.append(folder.name)
        return archive

    monkeypatch.setattr(sample, "_download_archive", download)
    return calls


def test_is_fetched_once_and_kept(cache, archive, monkeypatch):
    calls = offer(monkeypatch, archive)
    for _ in range(2):
        case = sample.lung1()
        assert isinstance(case, SampleCase)
        assert case.image.grid.size == (512, 512, 48)
        assert int(case.mask.sum()) == 837
    assert len(calls) == 1
    assert sorted(path.name for path in cache.iterdir()) == sorted(sample.SHA256)
    assert not list(cache.parent.rglob("escaped.txt"))


def test_damaged_cache_is_fetched_again(cache, archive, monkeypatch):
    calls = offer(monkeypatch, archive)
    sample.lung1()
    (cache / sample.IMAGE).write_bytes(b"damaged")
    sample.lung1()
    assert len(calls) == 2


def test_changed_file_in_the_archive_is_refused(cache, tmp_path, monkeypatch):
    path = tmp_path / "changed.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in sample.SHA256:
            tar.addfile(tarfile.TarInfo(f"{sample.FOLDER_IN_ARCHIVE}/{name}"), io.BytesIO())
    offer(monkeypatch, path)
    with pytest.raises(sample.SampleError, match="not the expected file"):
        sample.lung1()
    assert list(cache.iterdir()) == []


def test_archive_without_the_file_is_refused(cache, tmp_path, monkeypatch):
    path = tmp_path / "other.tar.gz"
    with tarfile.open(path, "w:gz"):
        pass
    offer(monkeypatch, path)
    with pytest.raises(sample.SampleError, match="does not hold 'lung1_image"):
        sample.lung1()


def test_without_a_network_says_so(cache, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(sample.SampleError, match="is there a network"):
        sample.lung1()
    assert list(cache.iterdir()) == []


def test_pip_that_hangs_is_given_up(cache, monkeypatch):
    monkeypatch.setattr(sample, "DOWNLOAD_SECONDS", 0.01)
    with pytest.raises(sample.SampleError, match=r"within 0\.01 s"):
        sample.lung1()


def test_pip_checks_the_digest_before_it_looks_inside(cache, monkeypatch):
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> None:
        commands.append(command)
        requirements = Path(command[command.index("-r") + 1])
        assert f"--hash=sha256:{sample.ARCHIVE_SHA256}" in requirements.read_text(encoding="utf-8")
        (requirements.parent / "pyradiomics_bhklab-3.1.4.tar.gz").write_bytes(b"another archive")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(sample.SampleError, match="SHA-256 differs"):
        sample.lung1()
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert "--require-hashes" in commands[0]


def test_cache_folder_that_cannot_be_used(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(sample.CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(sample.SampleError, match="could not be kept"):
        sample.lung1()
