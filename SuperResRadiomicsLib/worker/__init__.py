"""The child process that holds torch, so that neither a crash nor a Cancel can touch a scene in Slicer."""

from pathlib import Path

SCRIPT = Path(__file__).with_name("__main__.py")
"""What starts the child process."""
