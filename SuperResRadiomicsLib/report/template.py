"""How pages are made: one look, no other file, no network."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

from ..models.headline import count_text
from ..radiomics.wording import change_text, number_text, percent_text, unit_text

SIGNS = {
    "faithful": "\N{CHECK MARK}",
    "restored": "\N{CHECK MARK}",
    "stable": "\N{WHITE CIRCLE}",
    "undecided": "?",
    "unknown": "\N{EN DASH}",
    "unfaithful": "\N{MULTIPLICATION X}",
    "unstable": "\N{MULTIPLICATION X}",
    "made worse": "\N{MULTIPLICATION X}",
}
"""Beside the words, so that no colour is needed."""


def page_template(package: str, folder: str, name: str, **filters: Callable[[Any], str]) -> Any:
    """Load a page's template, which may include what all pages share (``page.css``, ``page.js``).

    Args:
        package: Whose template it is.
        folder: In the package.
        name: Of the template.
        filters: Of the template's own, by name.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, folder), PackageLoader(__package__, "")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number_text,
        percent=percent_text,
        unit=unit_text,
        embedded=embedded,
        sign=SIGNS.__getitem__,
        breakable=breakable,
        **filters,
    )
    environment.globals.update(change=change_text, count=count_text)
    return environment.get_template(name)


def embedded(png: bytes) -> str:
    """Write a PNG as the address of an image."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def breakable(name: str) -> str:
    """Let a line end before each capital letter and after each underscore of a feature's name.

    Examples:
        >>> str(breakable("original_glszm_ZoneEntropy"))
        'original_<wbr>glszm_<wbr>Zone<wbr>Entropy'
    """
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[a-z])(?=[A-Z])|(?<=_)", name))
