"""What a hash in the provenance stands for: all of a file, and all files of a folder and of its own ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

from SuperResRadiomicsLib.io.hashes import content_hash, hash_inputs


def test_the_hash_is_that_of_the_whole_content(tmp_path: Path) -> None:
    first, second, third = bytes(range(256)) * 9000, b"end", b"deeper"
    (tmp_path / "b").write_bytes(first)
    assert content_hash(tmp_path / "b") == hashlib.sha256(first).hexdigest()
    (tmp_path / "c").write_bytes(second)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_bytes(third)
    assert content_hash(tmp_path) == hashlib.sha256(first + second + third).hexdigest()
    given = {"image": tmp_path / "b", "mask": None}
    assert hash_inputs(given) == {"image": hashlib.sha256(first).hexdigest()}
