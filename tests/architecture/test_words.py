"""Docstrings, comments and texts of our own source use plain words: they name the thing, and give no will to one."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from .source import ROOT, modules

RIDDLES: Final = re.compile(
    r"\b(?:nobody|whoever|whomever|somebody|anybody|everybody|likewise|comes? again|goes on|told|tells?|lies|shall"
    r"|hangs on|anew|vouch(?:es)?|doors?|faces|leaves? word|suspects|culprits?"
    r"|(?:it|which|that|what|who|where|commission|payment|run|program|rows?|metadata|id) stands?)\b",
    re.IGNORECASE,
)
"""Words of riddles, and `stands` where it says the place or the state of a thing."""
ALLOWED: Final[dict[str, str]] = {
    "worker.inbox.handlers.disputes": "suspects",  # what a bank does, and what Stripe's fraud warning is about
}
"""By dotted name of a module, a word that it needs in the word's own meaning; with the reason beside it."""
TEXTS: Final = sorted((ROOT / "app").rglob("*.po")) + sorted((ROOT / "app").rglob("*.html"))


def _texts(tree: ast.Module, source: str) -> Iterator[tuple[int, str]]:
    """Every string and every comment of a module, each with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _riddles(name: str, text: str) -> list[str]:
    return [found for found in RIDDLES.findall(text) if found.lower() != ALLOWED.get(name)]


def test_source_has_plain_words() -> None:
    found = [
        f"{name}:{line}: {word}"
        for name, path, tree in modules()
        for line, text in _texts(tree, path.read_text())
        for word in _riddles(name, text)
    ]
    assert not found, "name the thing instead"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_texts_for_people_have_plain_words(path: Path) -> None:
    assert RIDDLES.findall(path.read_text()) == []


@pytest.mark.parametrize(
    "text", ["made anew", "told by nobody", "where the run stands", "Stripe shall come again", "the innocent lies"]
)
def test_unclear_words_are_recognized(text: str) -> None:
    assert RIDDLES.search(text)
