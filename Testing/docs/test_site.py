"""The documentation builds as a site: every link, anchor and documented name is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="the extra `docs` is not installed")
REPOSITORY = Path(__file__).resolve().parents[2]


def build(folder: Path, config: Path = REPOSITORY / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    # Not --quiet: warnings that are not shown are not counted either.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    return subprocess.run(
        [*command, "--config-file", str(config), "--site-dir", str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=False,
    )


def test_the_site_builds_without_a_warning(tmp_path):
    done = build(tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "reference" / "index.html").is_file()


@pytest.mark.parametrize("link", ["nowhere.md", "page.md#nowhere", "../nowhere.py"])
def test_a_broken_link_is_an_error(tmp_path, link):
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "index.md").write_text(f"# Page\n\n[a link]({link})\n")
    (pages / "page.md").write_text("# Another page\n")
    (pages / "site_links.py").write_text((REPOSITORY / "docs" / "site_links.py").read_text())
    text = (REPOSITORY / "mkdocs.yml").read_text().partition("nav:\n")[0]
    (tmp_path / "mkdocs.yml").write_text(text)
    assert build(tmp_path / "site", tmp_path / "mkdocs.yml").returncode != 0
    (pages / "index.md").write_text("# Page\n\n[a link](page.md)\n")
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode == 0, done.stderr
