"""An output set of text files in which every file holds the same word, so that a mixture of two sets shows."""

from __future__ import annotations

from pathlib import Path

from SuperResRadiomicsLib.errors import OutputError
from SuperResRadiomicsLib.io.files import write_json, write_text
from SuperResRadiomicsLib.io.outputs import output_set
from SuperResRadiomicsLib.io.records import verified_record

RECORD = "set.json"
USERS_FILE, USERS_TEXT = "mine.txt", "the user's"


def write_words(folder: Path, word: str, files: int = 4) -> None:
    """Write the set anew."""
    with output_set(folder, RECORD) as staging:
        for number in range(files):
            write_text(staging / f"{word}{number}.txt", word * 1000)
            write_text(staging / f"both{number}.txt", word * 1000)
        write_json(staging / RECORD, {"word": word})


def word_of(folder: Path) -> str | None:
    """The word of a whole set; nothing where the folder says itself that it is not whole.

    Fails where a set that passes for whole is a mixture, or where the user's file is not what it was.
    """
    assert (folder / USERS_FILE).read_text() == USERS_TEXT
    try:
        record = verified_record(folder / RECORD)
    except OutputError:
        return None
    for name in record["sha256"]:
        if name != RECORD:
            assert (folder / name).read_text() == record["word"] * 1000
    return str(record["word"])
