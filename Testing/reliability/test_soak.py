"""Many requests to one worker: a few in `make test`, 500 in `make fuzz`."""

from __future__ import annotations

import sys

import pytest

from Testing.reliability.soak import MOST_FILES, MOST_MEGABYTES, soak


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a process uses is told by Linux")
def test_nothing_grows():
    early, late = soak(40)
    assert late.megabytes - early.megabytes < MOST_MEGABYTES
    assert late.files - early.files <= MOST_FILES
