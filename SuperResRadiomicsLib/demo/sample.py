"""The sample case `lung1`, a chest CT with a lung lesion and its mask.

It ships in the source distribution of pyradiomics-bhklab, which pip fetches from
wherever the user's pip is set up to fetch from. Both the archive and what is taken
from it are known by their SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

from ..errors import OutputError, SuperResError
from ..io.files import atomic_path, prepare_folder
from ..io.masks import read_mask
from ..io.reading import read_image
from .case import SampleCase
from .sample_files import IMAGE, LABEL, PACKAGE, REQUIREMENT, SHA256

ARCHIVE_SHA256 = "a44a087efc4ede91b5dfa5cf0de58ea3596bfaec1ef2484f278504b0a8fd5ffb"
FOLDER_IN_ARCHIVE = "pyradiomics_bhklab-3.1.4/data"
CACHE_VARIABLE = "SUPERRES_CACHE"
"""Environment variable that names another folder to keep the sample case in."""
DOWNLOAD_SECONDS = 180

SOURCE = "lung1, chest CT with a lung lesion, from the source distribution of pyradiomics-bhklab 3.1.4"
CREDIT = "lung1: pyradiomics, BSD-3-Clause, Copyright 2017 Harvard Medical School; van Griethuysen et al. 2017"


class SampleError(SuperResError):
    """The sample case cannot be had; the message says why in one sentence."""


def lung1() -> SampleCase:
    """Read `lung1` from the user's cache folder, fetching it with pip the first time.

    Raises:
        SampleError: There is no network or pip, the archive is not the expected one, or
            the cache folder cannot be used.
    """
    folder = cache_folder()
    fetch_lung1(folder)
    image = replace(read_image(folder / IMAGE, modality="CT"), name="lung1")
    return SampleCase(image, read_mask(folder / LABEL, image.grid), SOURCE, CREDIT)


def fetch_lung1(folder: Path) -> None:
    """Have the image and the label of `lung1` in a folder; fetched with pip unless they are there.

    Raises:
        SampleError: As `lung1`.
    """
    if not all(_has_digest(folder / name, digest) for name, digest in SHA256.items()):
        _fetch_into(folder)


def cache_folder() -> Path:
    """Find where the sample case is kept: what ``SUPERRES_CACHE`` names, else the user's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("SuperResRadiomics")


def _fetch_into(folder: Path) -> None:
    try:
        prepare_folder(folder)
        with tempfile.TemporaryDirectory() as temporary:
            archive = _download_archive(Path(temporary))
            for name, digest in SHA256.items():
                _extract(archive, name, digest, folder)
    except (OSError, OutputError) as error:
        raise SampleError(f"its files could not be kept in the cache folder ({error})") from error


def _download_archive(folder: Path) -> Path:
    """Let pip fetch the source distribution and check its digest before it looks inside."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{ARCHIVE_SHA256}\n", encoding="utf-8")
    options = ["--no-deps", "--no-binary", PACKAGE, "--require-hashes", "--retries", "1", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(requirements)]
    try:
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise SampleError(f"pip did not fetch {REQUIREMENT} within {DOWNLOAD_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        raise SampleError(f"pip could not fetch {REQUIREMENT}; is there a network?") from error
    archives = [path for path in folder.glob("*.tar.gz") if _has_digest(path, ARCHIVE_SHA256)]
    if not archives:
        raise SampleError(f"the archive of {REQUIREMENT} is not the expected one (its SHA-256 differs)")
    return archives[0]


def _extract(archive: Path, name: str, digest: str, folder: Path) -> None:
    """Copy one member of the archive; its name in the archive never becomes a path here."""
    try:
        with tarfile.open(archive) as tar, atomic_path(folder / name) as temporary:
            member = tar.extractfile(f"{FOLDER_IN_ARCHIVE}/{name}")
            temporary.write_bytes(member.read() if member else b"")
            if not _has_digest(temporary, digest):
                raise SampleError(f"'{name}' in the archive of {REQUIREMENT} is not the expected file")
    except (KeyError, tarfile.TarError) as error:
        raise SampleError(f"the archive of {REQUIREMENT} does not hold '{name}'") from error


def _has_digest(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
