"""The time that a run will still take."""

from __future__ import annotations

import pytest

pytest.importorskip("slicer")


@pytest.fixture
def forecast(module):
    """Feeds a forecast with (seconds, done of 10), and gives what it says last."""
    from SuperResRadiomicsModule.progress import TimeLeft

    def feed(*steps):
        now = [0.0]
        left = TimeLeft(lambda: now[0])
        for seconds, done in steps:
            now[0] = seconds
            said = left.seconds(done, 10)
        return said

    return feed


def test_it_follows_the_speed_of_the_tiles(forecast):
    assert forecast((0, 0), (4, 2)) == pytest.approx(16)
    assert forecast((0, 0), (4, 2), (5, 4)) == pytest.approx(7.5)
    assert forecast((0, 0), (20, 10)) == 0


def test_the_first_tiles_time_before_the_first_message_does_not_count(forecast):
    assert forecast((30, 1), (34, 3)) == pytest.approx(14)


def test_nothing_is_said_too_early(forecast):
    assert forecast((0, 0)) is None
    assert forecast((0, 0), (0.5, 1)) is None


def test_another_round_starts_afresh(forecast):
    assert forecast((0, 0), (4, 8), (5, 1), (7, 2)) == pytest.approx(16)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "about 1 s left"), (42.4, "about 42 s left"), (150, "about 2 min left")]
)
def test_it_is_told_in_round_numbers(module, seconds, text):
    from SuperResRadiomicsModule.progress import describeSeconds

    assert describeSeconds(seconds) == text
