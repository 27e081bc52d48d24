import subprocess
import sys

import pytest

from SuperResRadiomicsLib.errors import Cancelled, MaskError
from SuperResRadiomicsLib.terminal.exits import exit_code


def raising(error: BaseException):
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (MaskError("The mask is empty."), 2, "Error: The mask is empty.\n"),
        (Cancelled("cancelled"), 130, "Interrupted."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (SystemExit(130), 130, "Interrupted."),
        (SystemExit(2), 2, ""),
        (SystemExit(None), 0, ""),
        (ZeroDivisionError("division by zero"), 1, "Internal error (ZeroDivisionError: division by zero)"),
    ],
)
def test_codes_and_messages(error, code, message, capsys):
    assert exit_code(raising(error)) == code
    said = capsys.readouterr().err
    assert said.startswith(message)
    assert "Traceback" not in said


def test_success_is_silent(capsys):
    assert exit_code(lambda: None) == 0
    assert capsys.readouterr().err == ""


def test_debug_shows_the_traceback(monkeypatch, capsys):
    monkeypatch.setenv("SUPERRES_DEBUG", "1")
    assert exit_code(raising(ZeroDivisionError())) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["typer", "rich", "matplotlib", "jinja2", "platformdirs"])
def test_without_the_extra_it_says_which_one_to_install(missing):
    code = f"import sys; sys.modules['{missing}'] = None; from SuperResRadiomicsLib.cli import main; main()"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr == (
        f"Error: The command line needs {missing}. Install its extra in a clone of the repository: "
        "pip install '.[cli]'\n"
    )
