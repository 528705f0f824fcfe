"""What is known of an object is a function of the statements about it, in whatever order and grouping they come."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.payments.facts import CAPTURED_AT, EMAIL, ENDED_AT, Kind
from app.payments.state.merging import merge
from app.payments.state.payment_group import KnownObject

FACTS = st.fixed_dictionaries(
    {},
    optional={
        "captured": st.booleans(),
        "amount_refunded": st.integers(0, 3),
        "status": st.sampled_from(["pending", "succeeded", "failed"]),
        CAPTURED_AT: st.integers(1, 4),
        ENDED_AT: st.integers(1, 4),
        f"{EMAIL}mark": st.just(True),
    },
)


def _statement(facts: dict[str, Any], seconds: int) -> KnownObject:
    at = datetime.fromtimestamp(seconds, UTC) if facts else None
    return KnownObject(Kind.CHARGE, "ch_1", "ch_1", "", "", facts, at)


STATEMENTS = st.lists(st.builds(_statement, FACTS, st.integers(1, 4)), min_size=2, max_size=6)


@given(stated=STATEMENTS, order=st.randoms(use_true_random=False), cut=st.integers(1, 5))
def test_statements_come_to_the_same_in_every_order_and_grouping(
    stated: Sequence[KnownObject], order: Any, cut: int
) -> None:
    again = order.sample(stated, len(stated))
    batches = [batch for batch in (again[:cut], again[cut:]) if batch]
    grouped = reduce(merge, [reduce(merge, batch) for batch in batches])
    assert grouped == reduce(merge, stated)


@given(stated=STATEMENTS)
def test_each_fact_is_the_one_that_was_stated_last(stated: Sequence[KnownObject]) -> None:
    known = reduce(merge, stated)
    for name in ("captured", "amount_refunded"):
        said = [(one.stated_at_seconds(name), one.facts[name]) for one in stated if name in one.facts]
        assert known.facts.get(name) == (max(said)[1] if said else None)
        assert not said or known.stated_at_seconds(name) == max(said)[0]


@given(stated=STATEMENTS)
def test_a_repeated_statement_changes_nothing(stated: Sequence[KnownObject]) -> None:
    known = reduce(merge, stated)
    assert all(merge(known, one) == known for one in stated)
