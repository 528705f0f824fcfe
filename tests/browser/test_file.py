"""The file itself: what a merchant pastes."""

import gzip
import re

from .shop import SNIPPET

GUIDE = SNIPPET.parents[1] / "docs" / "reference" / "snippet.md"


def test_snippet_is_under_two_and_a_half_kilobytes_gzipped() -> None:
    assert len(gzip.compress(SNIPPET.read_bytes(), mtime=0)) < 2500


def test_snippet_needs_no_other_file() -> None:
    assert not re.search(r"\b(import|require|export)\b|XMLHttpRequest|sendBeacon", SNIPPET.read_text())


def test_snippet_can_be_pasted_between_script_tags() -> None:
    text = SNIPPET.read_text()
    assert text.isascii()
    assert "</script" not in text.lower()
    assert "<!--" not in text


def test_the_whole_script_is_inside_one_try() -> None:
    assert len(re.findall(r"\btry \{", SNIPPET.read_text())) == 1


def test_every_option_and_no_other_is_in_the_guides_table() -> None:
    names = set(re.findall(r"options\.(\w+)", SNIPPET.read_text()))
    attributes = {"data-" + re.sub(r"[A-Z]", lambda capital: "-" + capital[0].lower(), name) for name in names}
    assert attributes == set(re.findall(r"^\| `(data-[\w-]+)`", GUIDE.read_text(), re.MULTILINE))
