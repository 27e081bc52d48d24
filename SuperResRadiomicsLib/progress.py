"""What long work calls to say how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the number of parts done and their total."""
StageProgress = Callable[[str, int, int], None]
"""The same for work in stages: called with the stage, the number of its parts done, and their total."""
