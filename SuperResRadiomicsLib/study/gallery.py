"""A picture of every lesion of a study: a wrong mask must be seen."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import SuperResError
from ..grid import box_of_mask, expand_box
from ..io.masks import load_mask
from ..io.reading import read_image
from ..report.plane import largest_lesion_plane, lesion_limits, shown_around
from ..report.tile import OUTLINE, Frame, add_bar, add_outline, paint_gray, tile_png
from ..report.window import choose_window
from .manifest import Case
from .protocol import Protocol
from .unit import lesion_choice

PIXELS = 180


@dataclass(frozen=True)
class LesionPicture:
    """The slice in which a lesion is largest, with its outline.

    Attributes:
        case: Whose.
        source: The picture as the address of an image; empty where there is none.
        caption: Window and scale, or why there is no picture.
    """

    case: str
    source: str
    caption: str


def draw_gallery(cases: Iterable[Case], protocol: Protocol) -> list[LesionPicture]:
    """Draw every case whose files can be read; of the others it is said why there is no picture."""
    pictures = []
    for case in cases:
        try:
            pictures.append(_draw(case, protocol))
        except SuperResError as error:
            pictures.append(LesionPicture(case.name, "", f"no picture: {error}"))
    return pictures


def _draw(case: Case, protocol: Protocol) -> LesionPicture:
    """Draw a case on the image that its mask was drawn on."""
    if case.reference is None:
        image = read_image(case.image, case.modality, case.image_choice)
    else:
        image = read_image(case.reference, case.modality)
    mask = load_mask(case.mask, image.grid, lesion_choice(case, protocol), image.voxels).voxels
    lesion = box_of_mask(mask)
    box = expand_box(lesion, image.grid, shown_around(lesion, image.grid))
    part, lesion_mask = image.cut(box), mask[box.slices]
    window = choose_window(part, lesion_mask)
    plane = largest_lesion_plane(lesion_mask, part.grid, image.slice_axis)
    frame = Frame(plane, lesion_limits(lesion_mask, plane), PIXELS)
    gray = paint_gray(frame, part.voxels, part.grid, window)
    png = tile_png(add_bar(add_outline(gray, frame, lesion_mask, part.grid, OUTLINE), frame))
    source = f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
    return LesionPicture(case.name, source, f"{window.name}; bar {frame.bar_mm:g} mm")
