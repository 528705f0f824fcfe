"""Sentences stand in the catalogue: what explains and settles has none of its own."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import modules

SILENT: Final = (
    "app.sentences",
    "app.explanations",
    "app.payments.views",
    "app.payments.waiting",
    "app.payments.state",
    "app.payments.reported",
    "app.stripe_events.views",
    "app.stripe_sync.views",
    "app.commissions.settling",
    "app.commissions.rates",
    "app.commissions.cycles",
    "app.commissions.by_hand.paid",
    "worker.inbox",
    "worker.retries",
    "worker.stripe_sync.client",
    "worker.stripe_sync.comparison",
    "worker.stripe_sync.lookups",
    "worker.stripe_sync.run_requests",
)
"""What stores codes, and what shows sentences."""
SENTENCE: Final = re.compile(r"[A-Za-z]{2,},? [a-z]{2,},? [a-z]{2,}|[a-z]{2,} \x00|\x00 [a-z]{2,}")
"""Three words, or a word beside a placeholder (\\x00)."""
NOT_SHOWN: Final = ("text", "Field", "NotFound", "InvalidRequest", "Conflict", "LookupError", "compile")
"""Calls whose text is SQL, the API's description, or an error."""


def strings_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string that a statement uses, with placeholders as \\x00; no docstrings, no SQL, no errors."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Raise | ast.Assert):
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in NOT_SHOWN:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "\x00" for part in node.values)
        else:
            yield from strings_in(node)


DESCRIPTIONS: Final = {"In the currency's smallest unit."}
"""Parts of what the API's document says of a field."""


def is_sql(text: str) -> bool:
    """Whether it is SQL, or a list of columns for it."""
    return re.search(r"\b(SELECT|FROM|UPDATE|INSERT|WHERE|ON CONFLICT|JOIN)\b", text) is not None or (
        re.fullmatch(r"[a-z_]+(, [a-z_]+)+", text) is not None
    )


@pytest.mark.parametrize("package", SILENT)
def test_no_sentence_is_built_outside_the_catalogue(package: str) -> None:
    found = [
        (name, line, text)
        for name, _, tree in modules()
        if name == package or name.startswith(f"{package}.")
        for line, text in strings_in(tree)
        if SENTENCE.search(text) and not is_sql(text) and text not in DESCRIPTIONS
    ]
    assert found == []
