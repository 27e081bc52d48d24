"""Power that fails at any step to the disk: the old set, the new one, or one that says that it is not whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from Testing.reliability.power_loss import POWER_LOST
from Testing.reliability.sets import USERS_FILE, USERS_TEXT, word_of, write_words

SCRIPT = Path(__file__).with_name("power_loss.py")
STRIDE = 3
"""Every third step in `make test`; the steps are alike."""


def test_power_loss_at_any_step(tmp_path):
    outcomes: list[str | None] = []
    for step in range(1, 1000, STRIDE):
        folder = tmp_path / str(step)
        folder.mkdir()
        (folder / USERS_FILE).write_text(USERS_TEXT)
        write_words(folder, "old")
        ended = subprocess.run([sys.executable, SCRIPT, folder, "new", str(step)], check=False, timeout=120)
        assert ended.returncode in (0, POWER_LOST)
        outcomes.append(word_of(folder))
        write_words(folder, "again")  # What was left behind is in nobody's way.
        assert word_of(folder) == "again"
        assert not list(folder.glob(".writing-*"))
        assert not list(folder.glob("old*")), "of the earlier set nothing is left"
        if ended.returncode == 0:
            break
    assert outcomes[0] == "old" and outcomes[-1] == "new"
    assert len(outcomes) > 10
