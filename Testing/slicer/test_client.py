"""The module's client with children that misbehave: silent, dying in the middle of a line, talking nonsense."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import slicer

from SuperResRadiomicsLib.worker import protocol
from Testing.host.cases import wait_until

READY = protocol.Ready("0", "notice").line()
ALIVE = protocol.Alive().line()


@pytest.fixture
def ask(module: Any) -> Iterator[Callable[[str], Any]]:
    """Asks a child that runs another program; tells what came of it."""
    clients = []

    def ask(program: str) -> Any:
        client, job, told = module.WorkerClient([sys.executable, "-c", program]), module.Job("models"), []
        job.onFinished = job.onFailed = told.append
        client.add(job)
        clients.append(client)
        return SimpleNamespace(client=client, job=job, told=told)

    yield ask
    for client in clients:
        client.close()
        assert client.processId is None


def the_end(asked: Any) -> str:
    """Only by the client's own timer."""
    wait_until(lambda: bool(asked.told), slicer.app.processEvents)
    assert asked.client.isIdle
    assert asked.client.processId is None, "a child of no use is ended"
    return str(asked.told[0])


def test_a_child_that_dies_in_the_middle_of_a_line_is_an_error(ask):
    half = protocol.Result(1, {"models": {}}).line()[:30]
    asked = ask(f"import sys; sys.stdout.write({READY + half!r}); sys.stdout.flush(); sys.exit('out of luck')")
    assert the_end(asked) == "The computing process ended unexpectedly (exit code 1): out of luck"


def test_a_silent_child_is_ended(ask, monkeypatch):
    from SuperResRadiomicsModule import childprocess

    monkeypatch.setattr(childprocess, "SECONDS_OF_SILENCE", 0.3)
    assert "no sign of life" in the_end(ask("import time; time.sleep(60)"))


def test_a_child_that_is_busy_is_left_alone(ask, monkeypatch):
    from SuperResRadiomicsModule import childprocess

    monkeypatch.setattr(childprocess, "SECONDS_OF_SILENCE", 1.0)
    result = protocol.Result(1, {"models": {}}).line()
    program = (
        "import sys, time\n"
        f"for _ in range(12):\n    sys.stdout.write({ALIVE!r}); sys.stdout.flush(); time.sleep(0.15)\n"
        f"sys.stdout.write({result!r}); sys.stdout.flush(); time.sleep(60)"
    )
    asked = ask(program)
    wait_until(lambda: bool(asked.told), slicer.app.processEvents)
    assert asked.told == [{"models": {}}]


def test_a_computer_that_slept_is_no_silence(ask, monkeypatch):
    """However long ago the last look was."""
    from SuperResRadiomicsModule import childprocess

    asked = ask("import time; time.sleep(60)")
    child = asked.client._child
    child.receive()
    child._looked -= 10 * childprocess.SECONDS_OF_SILENCE
    assert child.receive() == []


@pytest.mark.parametrize(
    ("line", "message"),
    [("nonsense\n", "not JSON"), (ALIVE.replace(f'"protocol": {protocol.PROTOCOL}', '"protocol": 1'), "Update both")],
    ids=["nonsense", "another version"],
)
def test_a_child_that_is_not_understood_is_ended(ask, line, message):
    asked = ask(f"import sys, time; sys.stdout.write({line!r}); sys.stdout.flush(); time.sleep(60)")
    assert message in the_end(asked)


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_is_finished_is_told_in_a_turn_of_its_own(ask, cancelled):
    """Whatever comes in between: that the child ends, or a cancel, which is too late."""
    result = protocol.Result(1, {"models": {}}).line()
    asked = ask(f"import sys; sys.stdout.write({READY + result!r})")
    finished: list[Any] = []

    def finish(answer: Any) -> Iterator[None]:
        yield  # In short steps.
        finished.append(answer)
        return answer

    asked.job.finish = finish
    asked.client._child.process.wait()
    wait_until(lambda: bool(finished), asked.client.poll)
    assert asked.told == []
    assert asked.client.isRunning
    (asked.client.cancel if cancelled else asked.client.poll)()
    assert asked.told == finished == [{"models": {}}]
    assert asked.client.isIdle


def test_a_background_job_survives_a_cancel(module, tmp_path):
    """The user cancels a run, not what the panel wants to know."""
    client, told = module.WorkerClient(), []
    asked, run = module.Job("feature_options"), module.Job("models")
    asked.isBackground = True
    asked.onFinished = told.append
    run.onFinished = run.onFailed = lambda answer: pytest.fail("it was cancelled")
    try:
        client.add(asked)
        client.add(run)
        assert client.isRunning
        client.cancel()
        assert not client.isRunning
        assert not client.isIdle
        wait_until(lambda: bool(told), slicer.app.processEvents)
        assert "exact" in told[0]["engines"]
    finally:
        client.close()


def test_what_waits_too_long_is_given_up(module):
    client, job, told = (
        module.WorkerClient([sys.executable, "-c", "import time; time.sleep(60)"]),
        module.Job("models"),
        [],
    )
    job.onFailed = told.append
    client.wait(job, 0.2)
    assert "did not answer in time" in told[0]
    assert client.isIdle
    assert client.processId is None


def test_slicers_own_interpreter_is_needed_inside_slicer(module, monkeypatch, tmp_path):
    from SuperResRadiomicsModule import workerclient

    monkeypatch.setenv("PATH", str(tmp_path))
    assert workerclient.interpreter() == sys.executable
    monkeypatch.setattr(sys, "executable", str(Path("bin", "SlicerApp-real")))
    client, job, told = module.WorkerClient(), module.Job("models"), []
    job.onFailed = told.append
    client.add(job)
    assert "'PythonSlicer'" in told[0]
    assert client.processId is None
