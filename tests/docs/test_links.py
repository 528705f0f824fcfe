"""Links lead somewhere, and nothing leads out of the repository to a machine or a registry."""

import re
import subprocess
from pathlib import Path

import pytest

from .pages import ROOT, anchors, links, pages

FORBIDDEN = {
    "a path of a developer's machine": r"(?<![\w.~])/(?:root|work|home/\w+)/|(?<![\w.])/tmp/\w",
    "a registry's host": r"//[\w.-]*(?:pypi|pythonhosted|npmjs|jsdelivr|unpkg|devpi|artifactory)[\w.-]*",
    "an index's address": r"--(?:extra-)?index-url|index_url\s*=",
    "a place outside the repository": r"\.\./shared|file://",
}
TEXT = {".md", ".py", ".toml", ".js", ".yaml", ".lock", ".mako", ""}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links(page):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(found), target


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [(page.parent / target.partition("#")[0]).resolve() for target in links(page) if "://" not in target]
    assert set(pages()) <= reached


def test_no_file_has_paths_of_the_machine_it_was_written_on() -> None:
    for path in _committed():
        text = path.read_text()
        for what, pattern in FORBIDDEN.items():
            found = re.search(pattern, text)
            assert found is None, f"{path.relative_to(ROOT)} holds {what}: {found and found[0]}"


def _committed() -> list[Path]:
    """The text files of the repository; where it is no git checkout, those of the documentation."""
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - where git stands differs
    except (OSError, subprocess.CalledProcessError):
        return pages()
    every = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in every if path.suffix in TEXT and path.is_file() and path != Path(__file__).resolve()]
