"""Which of several named structures is the lesion."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

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
    exact = [number for number, known in names.items() if any(name.strip().lower() == wanted for name in known)]
    if exact:
        return exact
    number = whole_number(wanted)
    if number is not None and number in names:
        return [number]
    return [
        number
        for number, known in names.items()
        if any(fnmatch.fnmatchcase(name.strip().lower(), wanted) for name in known if name)
    ]
