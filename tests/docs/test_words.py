"""The documentation and the API document use plain words: no riddles and no personification."""

import re
from pathlib import Path
from typing import Any, Final, cast

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI

from app.http.openapi.document import complete

from .command_reference import MARK
from .pages import ROOT, pages

RIDDLES: Final = re.compile(
    r"\b(?:doors?|faces|leaves? word|suspects|culprits?|whoever|somebody|nobody|likewise|comes? again|goes on|told)\b",
    re.IGNORECASE,
)
"""Words that name no thing, or give a will to one."""
CURRENT: Final = [page for page in pages() if "decisions" not in page.parts]


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_plain_words(page: Path) -> None:
    written = page.read_text().partition(MARK)[0]
    assert RIDDLES.findall(written) == []


def test_the_api_document_has_plain_words(application: Flask) -> None:
    texts = _texts(complete(cast(OpenAPI, application)))
    assert [text for text in texts if RIDDLES.search(text)] == []


def _texts(value: Any) -> list[str]:
    """The summaries and descriptions below a part of the document."""
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    if not isinstance(value, dict):
        return []
    own = [inner for name, inner in value.items() if name in {"summary", "description"} and isinstance(inner, str)]
    return [*own, *(text for inner in value.values() for text in _texts(inner))]
