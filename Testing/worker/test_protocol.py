"""What the module and its child process say to each other: every message there and back, and what is refused."""

from __future__ import annotations

import inspect
import io
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from SuperResRadiomicsLib.errors import ProtocolError
from SuperResRadiomicsLib.worker import protocol
from SuperResRadiomicsLib.worker import server as worker

ANSWERS = [
    protocol.Ready("1.0", "Not for clinical use"),
    protocol.Alive(),
    protocol.Progress(3, "enhance", 1, 0),
    protocol.Result(3, {"files": {"enhanced": "ä.nrrd"}, "none": None}),
    protocol.Failure(3, "user", "MaskError", "A sentence.\nAnother one."),
]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "worker-protocol.md"


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.event)
def test_answers_there_and_back(answer):
    line = answer.line()
    assert line.count("\n") == 1
    assert protocol.read_answer(line) == answer


def test_every_answer_is_tested_here():
    assert {type(answer) for answer in ANSWERS} == set(protocol.ANSWERS)


def test_a_request_there_and_back():
    request = protocol.Request(7, "detect", {"image": "image.nrrd", "model": "m", "modality": None})
    assert protocol.read_request(request.line()) == request


@pytest.mark.parametrize(
    ("command", "parameters", "message"),
    [
        ("remove", {}, "no command 'remove'"),
        ("detect", {"image": "i"}, "also needs: model"),
        ("detect", {"image": "i", "model": None}, "does not take None as 'model'"),
        ("detect", {"image": "i", "model": 3}, "does not take 3 as 'model'"),
        ("models", {"colour": "red"}, "no parameter 'colour'"),
    ],
)
def test_a_wrong_request_is_refused_by_both_sides(command: str, parameters: dict[str, Any], message: str):
    with pytest.raises(ProtocolError, match=message):
        protocol.Request(1, command, parameters)
    right = json.loads(protocol.Request(1, "models").line())
    with pytest.raises(ProtocolError, match=message):
        protocol.read_request(json.dumps({**right, "command": command, "parameters": parameters}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": 1}, "protocol 1, this side understands"),
        ({"event": "news"}, "unknown kind 'news'"),
        ({"event": "request"}, "unknown kind 'request'"),
        ({"done": "three"}, "cannot have 'three' as 'done'"),
        ({"done": True}, "cannot have True as 'done'"),
        ({"more": 1}, "instead of id, stage, done, total"),
    ],
)
def test_a_wrong_answer_is_refused(change: dict[str, Any], message: str):
    right = json.loads(protocol.Progress(1, "enhance", 1, 2).line())
    with pytest.raises(ProtocolError, match=message):
        protocol.read_answer(json.dumps({**right, **change}))


def test_a_field_that_is_missing_is_refused():
    right = json.loads(protocol.Progress(1, "enhance", 1, 2).line())
    del right["total"]
    with pytest.raises(ProtocolError, match="total"):
        protocol.read_answer(json.dumps(right))


def test_the_commands_take_what_the_protocol_says():
    """Name for name, and what may be left out."""
    assert set(worker.COMMANDS) == set(protocol.COMMANDS)
    for name, function in worker.COMMANDS.items():
        parameters = dict(inspect.signature(function).parameters)
        del parameters["progress"]
        required = {key for key, value in parameters.items() if value.default is inspect.Parameter.empty}
        assert set(protocol.COMMANDS[name].required) == required, name
        assert set(protocol.COMMANDS[name].optional) == set(parameters) - required, name


def test_the_page_names_every_command_message_and_parameter():
    page = PAGE.read_text(encoding="utf-8")
    assert f"version {protocol.PROTOCOL}" in page
    for name, command in protocol.COMMANDS.items():
        for word in (name, *command.required, *command.optional):
            assert f"`{word}`" in page, word
    for answer in protocol.ANSWERS:
        assert f"`{answer.event}`" in page


def test_a_busy_worker_says_that_it_is_alive(monkeypatch):
    """While a command computes, and never in the middle of another line."""
    monkeypatch.setitem(worker.COMMANDS, "models", lambda progress: [time.sleep(0.3), {}][1])
    written = io.StringIO()
    server = worker.Worker([protocol.Request(1, "models").line()], written)
    threading.Thread(target=server.tell_alive, args=(0.05,), daemon=True).start()
    server.run()
    said = [protocol.read_answer(line) for line in written.getvalue().splitlines()]
    assert [type(message) for message in said if not isinstance(message, protocol.Alive)] == [
        protocol.Ready,
        protocol.Result,
    ]
    assert sum(isinstance(message, protocol.Alive) for message in said) >= 3
    written.close()  # Which ends the thread.
