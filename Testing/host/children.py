"""Child processes that go from one test to the next: most of a short test is starting one."""

from __future__ import annotations

from typing import Any


def hand_over(client: Any, children: list[Any]) -> None:
    """Give a new client the child of an earlier test."""
    for child in children:
        child._log = client.log
        client._child = child
    children.clear()


def take_back(client: Any, children: list[Any]) -> None:
    """Keep a client's child for the next test if it lives and waits for work."""
    child = client._child
    if child and client.isIdle and not child.hasEnded:
        children.append(child)
        client._child = None
