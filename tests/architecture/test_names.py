"""Names that were replaced by the field's own terms stay away (docs/concepts/architecture.md, "Names")."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from .source import modules

REPLACED = {
    "Asked": "RequestIdentity",
    "Component": "PaymentGroup",
    "Door": "StripeReceiver",
    "Doors": "ReceiverCache",
    "Known": "LockedObjects",
    "Naming": "NamedSession",
    "NOBODY": "ALL_PARTNERS",
    "Standing": "CyclePosition",
    "DIED": "WORKER_ENDED",
    "Families": "OccasionsBySubject",
    "Meaning": "FailureAction",
    "_belief": "_strength",
    "_bind_anew": "_find_again",
    "_credit_alone": "_credit_by_own_names",
    "_find_door": "_find_receiver",
    "_is_addressed": "_has_new_address",
    "_take_back_attempt": "_uncount_attempt",
    "_work_alone": "_process_one_by_one",
    "also_lock": "lock_more",
    "complain": "print_error",
    "everybody": "object_ids",
    "faces": "payment_objects",
    "gifts": "promotion_credit",
    "held_cents": "net_cents",
    "held_minor": "net_minor",
    "is_stating": "states_amount",
    "keep_touches": "store_touches",
    "leave_word": "mark_in_progress",
    "narrative": "payment_explanation",
    "one_by_one": "risky",
    "load_counting": "load_effective",
    "met_before": "known_roots",
    "names_anew": "has_new_name",
    "rehearsal": "dry_run",
    "say_aside": "print_error_line",
    "same_money": "links",
    "says_something_new": "has_new_facts",
    "says_the_same_as": "credits_same_as",
    "suspects": "crashed_in_progress",
    "take_back_word": "clear_in_progress",
    "told": "the thing, such as explanation or report",
    "told_at": "stated_at_seconds",
    "wait_for_twins": "lock_key",
    "wanted": "what it holds, such as query, filters or ordered",
    "Wanted": "LookupRequest",
    "Wish": "ListFilter",
    "Matching": "PaymentFilter, EventFilter or ApprovalFilter",
    "worth_minor": "net_minor",
    "wanting": "missing_data",
}
"""The former name, and the one to use."""


def _identifiers(name: str, tree: ast.AST) -> Iterator[str]:
    """Every name a module has or uses: its own, those of functions, classes, arguments, attributes and imports."""
    yield from name.split(".")
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name():
                yield node.id
            case ast.Attribute():
                yield node.attr
            case ast.arg():
                yield node.arg
            case ast.keyword() if node.arg:
                yield node.arg
            case ast.alias():
                yield from node.name.split(".")
                yield node.asname or ""


@cache
def _used() -> dict[str, frozenset[str]]:
    """The identifiers of each module."""
    return {name: frozenset(_identifiers(name, tree)) for name, _, tree in modules()}


@pytest.mark.parametrize("former", sorted(REPLACED))
def test_replaced_identifier_is_not_used_again(former: str) -> None:
    using = sorted(name for name, used in _used().items() if former in used)
    assert not using, f"{former} is called {REPLACED[former]} now"


def test_identifiers_are_found_in_every_kind_of_place() -> None:
    code = "import a.b as c\nclass D:\n    def e(self, f): self.g(h=i)"
    assert {*"abcDefghi"} <= set(_identifiers("m", ast.parse(code)))
