"""Which of several named structures is the lesion."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence

from ..errors import MaskError
from .csv_tables import whole_number

Names = Mapping[int, Sequence[str]]
SHOWN = 20


def choose_named(names: Names, asked: str | None, file: str, kind: str, option: str) -> int:
    """Choose the number of the structure that is meant.

    Args:
        names: Names of each structure by its number.
        asked: A number or a name (``*`` and ``?`` stand for anything; capitals do not matter); None for the only one.
        file: What messages call the file.
        kind: What they call a structure.
        option: The option that chooses one.

    Raises:
        MaskError: None, none of that name, or several.

    Examples:
        >>> choose_named({1: ("GTV-1",), 2: ("Lung",)}, "gtv*", "plan.dcm", "structure", "--roi")
        1
    """
    if not names:
        raise MaskError(f"'{file}' holds no {kind}. Export it again.")
    found = list(names) if asked is None else _matching(names, asked)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{number} '{'/'.join(filter(None, names[number]))}'" for number in list(names)[:SHOWN])
    if not found:
        raise MaskError(f"'{file}' has no {kind} '{asked}'; it has: {listed}.")
    raise MaskError(f"'{file}' has {len(names)} {kind}s: {listed}. Say which one is the lesion with {option}.")


def _matching(names: Names, asked: str) -> list[int]:
    wanted = asked.strip().lower()
    written = {}
    for number, known in names.items():
        written[number] = [name.strip().lower() for name in known]
    exact = [number for number, known in written.items() if wanted in known]
    if exact:
        return exact
    asked_number = whole_number(wanted)
    if asked_number is not None and asked_number in names:
        return [asked_number]
    return [number for number, known in written.items() if _any_fits(known, wanted)]


def _any_fits(names: Iterable[str], pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in names if name)
