"""The messages between 3D Slicer's module and the child process: one JSON object a line, checked on both sides.

The child begins with `Ready`. Then it answers one `Request` after the other: any number of `Progress`, and at the end
one `Result` or one `Failure`. In between, and whatever it computes, it sends `Alive` every few seconds, so that a child
that hangs can be told from one that is busy. It ends when its input ends or after the command ``shutdown``.

Every line carries ``protocol``, the number of this description. Whoever changes a message or a command's parameters
raises `PROTOCOL`; two sides of different numbers refuse each other with a sentence that says what to do.

Images go by file, uncompressed, in a folder that the caller gives and removes.

Importing this loads nothing but the standard library, as the application does when it starts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from ..errors import ProtocolError

PROTOCOL = 5
"""Version of the protocol."""
ALIVE_SECONDS = 5.0
"""How often the child says that it is alive."""
UNREADABLE = -1
"""The id in an answer to a line that is no request."""


@dataclass(frozen=True)
class Command:
    """What a command of the child process takes.

    Attributes:
        required: Parameters that must be given, with the type of their JSON value.
        optional: Parameters that may be left out or null.
    """

    required: dict[str, type] = field(default_factory=dict)
    optional: dict[str, type] = field(default_factory=dict)

    def check(self, name: str, parameters: dict[str, Any]) -> None:
        """Check a request's parameters.

        Raises:
            ProtocolError: One is missing, not known, or of another type.
        """
        allowed = {**self.required, **self.optional}
        for parameter, value in parameters.items():
            if parameter not in allowed:
                raise ProtocolError(
                    f"The command '{name}' has no parameter '{parameter}'. It takes: {', '.join(allowed) or 'none'}."
                )
            if not (_is_of(value, allowed[parameter]) or (value is None and parameter in self.optional)):
                raise ProtocolError(f"The command '{name}' does not take {value!r} as '{parameter}'.")
        missing = [parameter for parameter in self.required if parameter not in parameters]
        if missing:
            raise ProtocolError(f"The command '{name}' also needs: {', '.join(missing)}.")


COMMANDS: dict[str, Command] = {
    "enhance": Command(
        {"image": str, "out": str, "model": str},
        {
            "mask": str,
            "box": dict,
            "modality": str,
            "slice_axis": int,
            "device": str,
            "precision": str,
            "options": dict,
            "features": dict,
            "whole": dict,
        },
    ),
    "propose": Command(
        {"image": str},
        {"box": dict, "modality": str, "slice_axis": int, "whole": dict, "model_folders": list},
    ),
    "detect": Command({"image": str, "model": str}, {"modality": str, "slice_axis": int, "device": str}),
    "compare": Command({"enhancement": str}, {"features": dict}),
    "compare_lesion": Command({"lesion": dict, "features": dict}, {"computed": dict}),
    "check_stability": Command({"lesion": dict, "features": dict}, {"settings": dict}),
    "map_lesion": Command(
        {"lesion": dict, "features": dict, "feature": str, "out": str}, {"settings": dict, "radius": int}
    ),
    "divide_lesion": Command({"lesion": dict, "features": dict, "out": str}, {"settings": dict}),
    "report_lesion": Command({"features": dict, "page": str, "title": str}, {"lesion": dict}),
    "export_dicom": Command({"lesion": dict, "out": str}, {"source": str, "features": dict}),
    "feature_options": Command(),
    "models": Command(),
    "devices": Command(),
    "diagnose": Command({}, {"model_folders": list}),
    "fetch_sample": Command({"folder": str}),
    "shutdown": Command(),
}
"""The commands; what they do and give is said by the functions of these names in `server` and `lesion_commands`."""


@dataclass(frozen=True)
class Message:
    """What all messages have in common; its fields are checked by type when it is made."""

    event: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for each in fields(self):
            if not _is_of(getattr(self, each.name), _TYPES[each.name]):
                raise ProtocolError(
                    f"A message '{self.event}' cannot have {getattr(self, each.name)!r} as '{each.name}'."
                )

    def line(self) -> str:
        """Write the message as a line of JSON, the line break included.

        Raises:
            ValueError: It holds a number that JSON cannot express.
        """
        content = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps({"protocol": PROTOCOL, "event": self.event, **content}, allow_nan=False) + "\n"


@dataclass(frozen=True)
class Request(Message):
    """Ask for something.

    Attributes:
        id: Number that the answers will carry.
        command: One of `COMMANDS`.
        parameters: The command's own.
    """

    event: ClassVar[str] = "request"
    id: int
    command: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.command not in COMMANDS:
            raise ProtocolError(f"There is no command '{self.command}', only {', '.join(COMMANDS)}.")
        COMMANDS[self.command].check(self.command, self.parameters)


@dataclass(frozen=True)
class Ready(Message):
    """The child has started.

    Attributes:
        version: The package's version.
        notice: "Not for clinical use", to be shown or written along.
    """

    event: ClassVar[str] = "ready"
    version: str
    notice: str


@dataclass(frozen=True)
class Alive(Message):
    """The child is alive, whatever it does."""

    event: ClassVar[str] = "alive"


@dataclass(frozen=True)
class Progress(Message):
    """How far a request is.

    Attributes:
        id: The request's.
        stage: What is being done, such as ``enhance`` or ``features``.
        done: Steps done.
        total: Of how many; 0 where that is not known.
    """

    event: ClassVar[str] = "progress"
    id: int
    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class Result(Message):
    """What a request came to.

    Attributes:
        id: The request's.
        result: As the command's function gives it.
    """

    event: ClassVar[str] = "result"
    id: int
    result: dict[str, Any]


@dataclass(frozen=True)
class Failure(Message):
    """Why a request came to nothing; the child stays usable.

    Attributes:
        id: The request's, or `UNREADABLE`.
        kind: ``user``, which the user can mend, or ``internal``.
        error: The error's class, such as ``OutOfMemoryError``.
        message: A sentence to show.
    """

    event: ClassVar[str] = "error"
    id: int
    kind: str
    error: str
    message: str


ANSWERS: tuple[type[Message], ...] = (Ready, Alive, Progress, Result, Failure)
"""What a child may say."""

_TYPES: dict[str, type] = {
    "id": int,
    "command": str,
    "parameters": dict,
    "version": str,
    "notice": str,
    "stage": str,
    "done": int,
    "total": int,
    "result": dict,
    "kind": str,
    "error": str,
    "message": str,
}


def read_request(line: str) -> Request:
    """Read what the module asks.

    Args:
        line: A line of the child's standard input.

    Raises:
        ProtocolError: It is no request of this protocol.

    Examples:
        >>> read_request(Request(7, "devices").line())
        Request(id=7, command='devices', parameters={})
    """
    request = _read(line, (Request,))
    assert isinstance(request, Request)
    return request


def read_answer(line: str) -> Message:
    """Read what the child says.

    Args:
        line: A line of the child's standard output.

    Raises:
        ProtocolError: It is no answer of this protocol.

    Examples:
        >>> read_answer(Progress(7, "enhance", 3, 12).line())
        Progress(id=7, stage='enhance', done=3, total=12)
    """
    return _read(line, ANSWERS)


def _read(line: str, expected: tuple[type[Message], ...]) -> Message:
    content = _object(line)
    version = content.pop("protocol", None)
    if version != PROTOCOL:
        raise ProtocolError(
            f"A message has the protocol {version}, this side understands {PROTOCOL}: the extension and the package "
            "are of different versions. Update both, then restart."
        )
    event = content.pop("event", None)
    for kind in expected:
        if kind.event == event:
            return _made(kind, content)
    raise ProtocolError(
        f"A message is of the unknown kind '{event}'; known are {', '.join(k.event for k in expected)}."
    )


def _object(line: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError as error:
        raise ProtocolError(f"A line is not JSON: {line.strip()[:80]!r}.") from error
    if not isinstance(content, dict):
        raise ProtocolError(f"A line is not a message: {line.strip()[:80]!r}.")
    return content


def _made(kind: type[Message], content: dict[str, Any]) -> Message:
    try:
        return kind(**content)
    except TypeError as error:
        names = ", ".join(each.name for each in fields(kind)) or "none"
        raise ProtocolError(
            f"A message '{kind.event}' has the fields {', '.join(content) or 'none'} instead of {names}."
        ) from error


def _is_of(value: Any, kind: type) -> bool:
    """Whether a JSON value is of a type; true and false are no numbers."""
    return isinstance(value, kind) and not isinstance(value, bool)
