"""Point links that leave the documentation to the repository, and refuse those to files that are not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

OUTSIDE = re.compile(r"\]\((?:\.\./)+(?P<path>[^)#]+)(?P<anchor>#[^)]*)?\)")


def on_page_markdown(markdown: str, *, config: Any, **_: Any) -> str:
    """Rewrite ``](../FILE)`` into the address of the repository's file.

    Raises:
        FileNotFoundError: The repository has no such file.
    """
    repository = Path(config.config_file_path).parent

    def to_repository(link: re.Match[str]) -> str:
        path = link["path"]
        if not (repository / path).exists():
            raise FileNotFoundError(f"A page links to '{path}', which the repository does not have.")
        return f"]({config.repo_url.rstrip('/')}/blob/main/{path}{link['anchor'] or ''})"

    return OUTSIDE.sub(to_repository, markdown)
