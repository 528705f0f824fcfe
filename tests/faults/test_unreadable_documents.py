"""Documents no version of Stripe's would send: each ends in words, at once, and never by trying twelve times."""

import copy
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.errors import UnusableEvent
from app.payments.state.billing import ADVANCE, Billing, billing_of
from app.sentences.outcomes import sentence
from tests.conftest import Deliver, Drain, Tally
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import OLD_AND_NEW
from worker.inbox.handlers import invoice_lines, table

from .conftest import InboxRow
from .stories import assert_processed_once, customers, events_of, is_settled

SEED = 20_260_302
READ = 4000
WORKED = 400
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**12,
    10**18,
    10**20,
    10**400,
    1.5,
    1e300,
    "",
    "x",
    "\x01\x02\x03",
    "x" * 5000,
    random.Random(SEED).randbytes(3000).hex(),
    "nul\x00in the middle",
    "\ud800",
    "é漢😀",
    [],
    [None],
    [[]],
    {},
    {"id": None},
    {"id": "x\x00"},
    {"data": "x", "has_more": 7},
)


def broken(event: Event, name: str, value: Any) -> Event:
    """`event` with one field of its object replaced."""
    changed = copy.deepcopy(event)
    changed["data"]["object"][name] = value
    return changed


@pytest.mark.parametrize(
    ("event_type", "name", "value", "problem", "said"),
    [
        ("invoice.paid", "id", None, "no_id", "the event's object has no id"),
        ("invoice.paid", "total", "4900", "field_not_whole", "total of the invoice is not a whole number"),
        ("invoice.paid", "total", 49.0, "field_not_whole", "total of the invoice is not a whole number"),
        ("invoice.paid", "currency", None, "field_missing", "the invoice has no currency"),
        (
            "charge.succeeded",
            "amount_captured",
            True,
            "field_not_whole",
            "amount_captured of the charge is not",
        ),
    ],
)
def test_an_unusable_document_is_parked_at_once_with_a_sentence(
    deliver: Deliver, drain: Drain, inbox_row: InboxRow, event_type: str, name: str, value: Any, problem: str, said: str
) -> None:
    bad = broken(Customer(OLD_AND_NEW[0]).subscribes().event(event_type), name, value)
    copies = customers(1)
    deliver([bad, *events_of(copies)])
    drain()
    row = inbox_row(bad)
    assert (row.outcome, row.attempts) == ("parked", 0)
    assert row.outcome_details["problem"] == problem
    assert said in sentence(row.outcome, row.outcome_details)
    assert_processed_once(copies)


@pytest.mark.parametrize("value", JUNK, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize(
    ("event_type", "name"), [("payment_intent.succeeded", "status"), ("credit_note.created", "refunds")]
)
def test_field_of_another_type_is_ignored_or_refused_in_words(event_type: str, name: str, value: Any) -> None:
    intent = broken(Customer(OLD_AND_NEW[0]).subscribes().event("payment_intent.succeeded"), "amount_received", 0)
    with suppress(UnusableEvent):
        table.read(broken(intent | {"type": event_type}, name, value))


@pytest.mark.parametrize("data", [None, [], {}, {"object": None}, {"object": "in_1"}])
def test_an_event_without_an_object_is_parked_at_once(
    deliver: Deliver, drain: Drain, inbox_row: InboxRow, data: Any
) -> None:
    bad = Customer(OLD_AND_NEW[0]).subscribes().event("invoice.paid") | {"data": data}
    deliver([bad])
    drain()
    row = inbox_row(bad)
    assert (row.outcome, row.outcome_details) == ("parked", {"problem": "no_object"})


def test_unlisted_currency_is_settled_at_once(deliver: Deliver, drain: Drain, inbox_row: InboxRow) -> None:
    sale = broken(Customer(OLD_AND_NEW[0], Marks(payment="ada")).subscribes().event("invoice.paid"), "currency", "zzz")
    deliver([sale])
    drain()
    row = inbox_row(sale)
    assert (row.outcome is not None, row.outcome != "parked", row.attempts) == (True, True, 0)


@pytest.mark.parametrize("impossible", [10**18, 253_402_300_799, -1, True, "soon"])
def test_a_time_out_of_range_names_no_billing_cycle(impossible: Any) -> None:
    assert invoice_lines.periods_of([{"type": "subscription", "period": {"start": 0, "end": impossible}}]) is None
    assert billing_of({"periods": {"regular": [[0, impossible]]}}) is None
    possible = datetime(2026, 4, 1, tzinfo=UTC)
    facts = {
        "periods": {"regular": [[impossible, int(possible.timestamp())], [0, impossible]]},
        "period_end": impossible,
    }
    assert billing_of(facts) == Billing(ADVANCE, possible, None)


def mutated(count: int, chance: random.Random) -> Iterator[Event]:
    """So many real documents, each with one place of it replaced by something that never stands there."""
    for number in range(count):
        cleo = Customer(OLD_AND_NEW[number % 2], Marks(payment="ada", subscription="ada", session="ada"))
        first = cleo.subscribes()
        events = [cleo.appears(), *first.events, *cleo.is_refunded(first, 1000).events]
        event = chance.choice(events)
        place: Any = event["data"]["object"]
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = chance.choice(keys)
            deeper = place[key]
            if not deeper or not isinstance(deeper, dict | list) or chance.random() < 0.3:
                place[key] = chance.choice(JUNK)
                break
            place = deeper
        yield event


def test_broken_documents_fail_with_a_message_only(tally: Tally) -> None:
    """A fault of the document is one event's; any other exception is the whole batch's."""
    for event in mutated(READ, random.Random(SEED)):
        with suppress(UnusableEvent):
            table.read(event)
    tally("broken documents read, or refused in words", READ)


def test_broken_document_gets_an_outcome_on_the_first_attempt(deliver: Deliver, drain: Drain, tally: Tally) -> None:
    copies = customers(2)
    deliver([*mutated(WORKED, random.Random(SEED)), *events_of(copies)])
    drain()
    with db.transaction() as session:
        query = (
            "SELECT type, last_error, outcome, payload FROM stripe_events WHERE last_error IS NOT NULL OR attempts > 0"
        )
        assert [tuple(row) for row in session.execute(text(query))] == []
    assert is_settled()
    tally("broken documents that ended in an outcome at the first try", WORKED)
