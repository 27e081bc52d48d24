"""Running the command in this process, and a lesion on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from SuperResRadiomicsLib.cli import main
from SuperResRadiomicsLib.io.image import write_image, write_mask


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def command(monkeypatch, capsys) -> Command:
    """Run `superres-radiomics` with arguments."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["superres-radiomics", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return Outcome(int(end.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def files(lesion, tmp_path) -> Path:
    """A folder with ``image.nrrd`` and ``mask.nrrd``."""
    image, mask = lesion
    write_image(image, tmp_path / "image.nrrd")
    write_mask(mask, image.grid, tmp_path / "mask.nrrd")
    return tmp_path
