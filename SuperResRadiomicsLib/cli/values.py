"""Values of options that are written as text: boxes, strengths, slice factors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..errors import RegionError, SettingsError
from .options import AUTO

if TYPE_CHECKING:
    from ..grid import Box


def strength(text: str | None) -> float | Literal["auto"] | None:
    """Read a strength of blur or noise: a number, or auto.

    Raises:
        SettingsError: It is neither.
    """
    if text is None or text == AUTO:
        return None if text is None else "auto"
    try:
        return float(text)
    except ValueError as error:
        raise SettingsError(f"The strength '{text}' is no number. Give one, or {AUTO} for what is measured.") from error


def slice_factor(through_plane: str | None, isotropic: bool) -> int | Literal["auto"] | None:
    """Read how many slices each thick one shall become; None where nothing is said.

    Raises:
        SettingsError: This is no whole number, or both options were given and differ.
    """
    if through_plane is None or through_plane == AUTO:
        return AUTO if isotropic or through_plane else None
    if isotropic:
        raise SettingsError(
            f"--isotropic and --through-plane {through_plane} were given. Give one of them: --isotropic chooses the "
            "factor by the pixels."
        )
    try:
        return int(through_plane)
    except ValueError as error:
        raise SettingsError(
            f"The slice factor '{through_plane}' is no whole number. Give one, such as --through-plane 3, or auto."
        ) from error


def parse_box(text: str) -> Box:
    """Read a box given as ``i0,i1,j0,j1,k0,k1`` (each second number exclusive).

    Raises:
        RegionError: These are not six whole numbers, or the box is empty.
    """
    from ..grid import Box

    try:
        i0, i1, j0, j1, k0, k1 = (int(number) for number in text.split(","))
    except ValueError as error:
        raise RegionError(
            f"The box '{text}' is not six whole numbers. Give voxel indices as i0,i1,j0,j1,k0,k1, for instance "
            "--box 100,164,80,144,10,20."
        ) from error
    return Box((i0, j0, k0), (i1, j1, k1))


def format_box(box: Box) -> str:
    """Write a box as `parse_box` reads it."""
    return ",".join(f"{a},{b}" for a, b in zip(box.start, box.stop, strict=True))
