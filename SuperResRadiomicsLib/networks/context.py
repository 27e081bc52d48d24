"""Sides of a tile that are context only."""

Sides = tuple[bool, bool, bool, bool]
"""Top, bottom, left, right."""
NO_SIDE: Sides = (False, False, False, False)
