"""The file itself: what a merchant pastes."""

import gzip
import re

from .shop import SNIPPET


def test_snippet_is_under_two_kilobytes_gzipped() -> None:
    assert len(gzip.compress(SNIPPET.read_bytes(), mtime=0)) < 2048


def test_snippet_needs_no_other_file() -> None:
    assert not re.search(r"\b(import|require|export)\b|fetch\(|XMLHttpRequest|sendBeacon", SNIPPET.read_text())


def test_snippet_can_be_pasted_between_script_tags() -> None:
    text = SNIPPET.read_text()
    assert text.isascii()
    assert "</script" not in text.lower()
    assert "<!--" not in text


def test_everything_stands_in_one_try() -> None:
    assert len(re.findall(r"\btry \{", SNIPPET.read_text())) == 1
