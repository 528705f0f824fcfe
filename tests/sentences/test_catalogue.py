"""The source language has every sentence that the code asks for, and no other."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from string import Formatter
from typing import Final

import pytest
from babel.messages import pofile
from babel.messages.catalog import Message

from app.attribution.carriers import CARRIERS
from app.doctor import examine, findings
from app.doctor.checks import database, public_address
from app.ledger.models import ENTRY_KINDS
from app.partners.payout_methods.destinations.fields import METHODS
from app.payments.facts import Kind
from app.payments.waiting.reasons import REASONS
from app.sentences import catalogue, imports, outcomes, payout_accounts, payouts
from app.stripe_sync.models import DRIFT_KINDS
from tests.architecture.source import ROOT, modules

CODED: Final = (
    "UnusableEvent",
    "StripeUnavailable",
    "StripeRateLimited",
    "StripeForbidden",
    "StripeMissing",
    "StripeRefused",
    "AddressRefused",
    "CallFailed",
)
"""Exceptions whose first argument is a code of the sentences `problem.…`."""
FAMILIES: Final = {
    "outcome": outcomes.OUTCOMES,
    "because": outcomes.REASONS,
    "same": outcomes.SAMES,
    "waiting": REASONS,
    "carrier": CARRIERS,
    "entry_kind": ENTRY_KINDS,
    "statement": ENTRY_KINDS,
    "drift": DRIFT_KINDS,
    "payout_account": payout_accounts.STATES,
    "payout_method": METHODS,
    "payout_refusal": payouts.REFUSALS,
    "payout_result": payouts.RESULTS,
    "finding": findings.LEVELS,
    "finding_level": findings.LEVELS.values(),
    "finding_name": (*examine.CHECKS, *database.PARTS, "web", *public_address.CANNOT_WRITE),
    "import_status": ("queued", "failed"),
    "import_refusal": imports.REFUSALS,
    "import_left_out": imports.LEFT_OUT,
}
"""Sentences that are found by a stored code: every code of the list has one."""


@cache
def messages() -> dict[str, Message]:
    """The sentences of the source language by their codes."""
    with (catalogue.LOCALES / f"{catalogue.SOURCE}.po").open("rb") as file:
        return {code_of(message): message for message in pofile.read_po(file) if message.id}


def code_of(message: Message) -> str:
    """The code of a sentence, which is its id, also in the plural."""
    return message.id if isinstance(message.id, str) else message.id[0]


def texts(message: Message) -> tuple[str, ...]:
    """A sentence in each form of its plural."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def placeholders(template: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def codes_asked_for() -> Iterator[tuple[str, str]]:
    """Each sentence that the code asks for by a literal code, with the module; of problems, the codes stored."""
    for name, _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                first = node.args[0].value
                if (
                    called == "say"
                    and name != "app.cli.printing"
                    and isinstance(first, str)
                    and "." in first
                    and " " not in first
                ):
                    yield first, name
                elif called in CODED:
                    yield f"problem.{first}", name
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "problem" and isinstance(value, ast.Constant):
                        yield f"problem.{value.value}", name


def test_every_sentence_that_is_asked_for_is_in_the_catalogue() -> None:
    asked = dict(codes_asked_for())
    assert len(asked) > 100
    assert {code: module for code, module in asked.items() if code not in messages()} == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_stored_code_has_a_sentence(family: str) -> None:
    assert [code for code in FAMILIES[family] if f"{family}.{code}" not in messages()] == []


def test_every_sentence_of_the_catalogue_is_used() -> None:
    sources = [path for _, path, _ in modules()] + list((ROOT / "app/pages/templates").rglob("*.html"))
    source = "\n".join(path.read_text() for path in sources)
    unused = [code for code in messages() if f'"{code}' not in source and not _is_built(code, source)]
    assert unused == []


def _is_built(code: str, source: str) -> bool:
    """Whether the code can be put together from a family or a beginning that stands in the source."""
    if code.startswith("page."):
        return _is_word_of_page(code, source)
    family, _, name = code.partition(".")
    beginnings = [f'f"{family}.{name[:end]}{{' for end in range(len(name) + 1)]
    beginning, _, ending = code.rpartition("_")
    if f'"{beginning}"' in source and f'_{ending}"' in source:
        return True
    is_written = any(f'"{name}{after}' in source for after in ('"', ":", "="))
    is_stored = f'say_stored("{family}"' in source and (is_written or name in Kind.__dict__.values())
    return is_stored or any(one in source for one in beginnings)


def _is_word_of_page(code: str, source: str) -> bool:
    """Whether a page puts the code together, or asks for words of its family by a code that the source names."""
    if f"'{code}'" in source:
        return True
    _, family, name = code.split(".")
    if any(f'"page.{family}.{then}' in source for then in ("{", '" ~')):
        return True
    asks = any(f'{call}"{family}"' in source for call in ("word(", ", ", "family="))
    return asks and (f'"{name}"' in source or f"'{name}'" in source or f'"{name}.' in source)


def test_a_sentence_has_plural_forms_where_it_is_given_a_count() -> None:
    for code, message in messages().items():
        has_count = any("count" in placeholders(text) for text in texts(message))
        assert has_count == (len(texts(message)) > 1), code


def test_only_the_count_of_a_sentence_stands_before_a_noun_in_the_plural() -> None:
    every = [(code, text) for code, message in messages().items() for text in texts(message)]
    plurals = {noun for _, text in every for noun in re.findall(r"\{count\} ([a-z]+s)\b", text)}
    assert {"entries", "rows", "days", "cells", "columns"} <= plurals
    number = re.compile(r"\{(?!count\b|\w*mode\b)[a-z_]+\} ([a-z]+)")  # a mode is a word: live, test
    assert [code for code, text in every if plurals & set(number.findall(text))] == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            lambda: imports.summary("finished", dry_run=False, rows=1, changed=1, refused=1),
            "The row was read; 1 entry was added or completed. 1 row or part of a row was refused.",
        ),
        (
            lambda: imports.summary("finished", dry_run=True, rows=2, changed=1, refused=0),
            "Dry run: 2 rows were read; 1 entry would be added or completed. Nothing was changed.",
        ),
        (
            lambda: imports.refusal("cell_count", {"found": 1, "expected": 3}),
            "The line has 1 cell, but the first line names 3 columns; put cells with commas in quotation marks.",
        ),
    ],
)
def test_one_of_a_kind_is_in_the_singular(sentence: Callable[[], str], expected: str) -> None:
    assert sentence() == expected


def test_every_placeholder_is_a_plain_name() -> None:
    for code, message in messages().items():
        for text in texts(message):
            assert all(re.fullmatch(r"[a-z_]+", name) for name in placeholders(text)), code


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(catalogue.InvalidRequest, match="use one of: de, en"):
        catalogue.named("xx")
