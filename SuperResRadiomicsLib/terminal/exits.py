"""How a command ends: 0 done, 2 the user's mistake, 1 ours, 130 interrupted."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib.util import find_spec

from ..errors import OUT_OF_MEMORY, Cancelled, MissingDependencyError, SuperResError, is_out_of_memory

DONE, OUR_FAILURE, USERS_MISTAKE, INTERRUPTED = 0, 1, 2, 130
DEBUG_VARIABLE = "SUPERRES_DEBUG"
"""Environment variable; with it every error shows its traceback."""


def require(packages: Iterable[str], what: str, extra: str) -> None:
    """Check that an extra is installed, without importing it.

    Args:
        packages: The packages that are needed.
        what: What needs them, as the message begins.
        extra: The extra that brings them.

    Raises:
        MissingDependencyError: Some are missing.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"{what} needs {', '.join(missing)}. Install its extra in a clone of the repository: "
            f"pip install '.[{extra}]'"
        )


def exit_code(command: Callable[[], None]) -> int:
    """Run a command and say in one sentence on standard error what went wrong, if anything.

    Args:
        command: What to run; it may end itself by SystemExit, as typer does.

    Returns:
        The exit code for the process.
    """
    try:
        command()
    except SystemExit as end:
        # typer turns Ctrl-C into this code, without a word.
        return _interrupted() if end.code == INTERRUPTED else int(end.code or DONE)
    except (KeyboardInterrupt, Cancelled):
        return _interrupted()
    except SuperResError as error:
        return _say(f"Error: {error}", USERS_MISTAKE)
    except Exception as error:
        if is_out_of_memory(error):
            return _say(f"Error: {OUT_OF_MEMORY}", USERS_MISTAKE)
        return _say(
            f"Internal error ({type(error).__name__}: {error}). This is not your mistake. Please report it with the "
            f"traceback that {DEBUG_VARIABLE}=1 in the environment shows.",
            OUR_FAILURE,
        )
    return DONE


def _interrupted() -> int:
    return _say("Interrupted. Nothing half-written was left behind.", INTERRUPTED)


def _say(message: str, code: int) -> int:
    if os.environ.get(DEBUG_VARIABLE) == "1":
        traceback.print_exc()
    sys.stderr.write(message + "\n")
    return code
