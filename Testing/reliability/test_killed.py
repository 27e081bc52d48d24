"""Processes killed at random moments; the seeds are kept."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from SuperResRadiomicsLib.worker import protocol
from Testing.reliability.conftest import TRIES
from Testing.reliability.sets import USERS_FILE, USERS_TEXT, word_of, write_words

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
WRITER = """
import itertools, sys
from pathlib import Path
from Testing.reliability.sets import write_words
print("ready", flush=True)
for number in itertools.count():
    write_words(Path(sys.argv[1]), f"w{number}")
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM], ids=lambda sent: sent.name)
def test_a_writer_killed_at_any_moment_leaves_no_mixture(tmp_path, sent):
    (tmp_path / USERS_FILE).write_text(USERS_TEXT)
    moments = random.Random(sent)
    for _ in range(4 * TRIES):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline()
            time.sleep(moments.uniform(0, 0.3))
            process.send_signal(sent)
            assert process.wait(60) == -sent
        word_of(tmp_path)
    write_words(tmp_path, "last")
    assert word_of(tmp_path) == "last"
    assert not list(tmp_path.glob(".writing-*"))


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV], ids=lambda sent: sent.name)
def test_a_killed_worker_ends_its_output_and_the_next_one_answers(sent):
    moments = random.Random(sent)
    command = [sys.executable, "-m", "SuperResRadiomicsLib.worker"]
    for _ in range(TRIES):
        with subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert json.loads(process.stdout.readline())["event"] == "ready"
            process.stdin.write(protocol.Request(1, "feature_options").line().encode())
            process.stdin.flush()
            time.sleep(moments.uniform(0, 0.5))
            process.send_signal(sent)
            rest = process.stdout.read()  # Ends, so that nobody waits for ever.
            assert process.wait(60) == -sent
            assert all(line.endswith(b"\n") and json.loads(line) for line in rest.splitlines(keepends=True)[:-1])
    with subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        bad = [b'{"id": NaN}\n', b"\xff\xfe\x00\n", b"[]\n", b"[" * 100_000 + b"\n"]
        for line in (*bad, protocol.Request(2, "feature_options").line().encode()):
            process.stdin.write(line)
        process.stdin.close()
        answers = [json.loads(line) for line in process.stdout]
        assert process.wait(60) == 0
    told = [answer["event"] for answer in answers if answer["event"] != "alive"]
    assert told == ["ready", *["error"] * len(bad), "result"]
