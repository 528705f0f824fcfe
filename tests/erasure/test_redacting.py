"""A document without people: the same money is read from it, and no name or address."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.payments.facts import Reading
from app.tombstones import redacting
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks
from tests.stripe_stories.families import EVERY_SHAPE, Family
from worker.inbox.handlers import table

from .person import described, traces


def story(family: Family) -> list[Event]:
    """A subscription, a renewal, a sale and refunds, all with the name of a partner on them."""
    cleo = Customer(family, Marks(subscription="ada", customer="ada", session="ada", client_reference="ada"))
    first = cleo.subscribes(Bill(4900, tax_minor=931))
    sale = cleo.buys(Bill(12_000))
    happened = [(cleo.appears(),), first.events, cleo.renews(first).events, sale.events]
    happened.append(cleo.is_refunded(sale, 5_000).events)
    return [event for events in happened for event in events]


def without_addresses(reading: Reading) -> Reading:
    return replace(reading, objects=tuple(replace(stated, emails=()) for stated in reading.objects))


@pytest.mark.parametrize("family", EVERY_SHAPE, ids=lambda family: family.name)
def test_the_same_money_is_read_from_a_document_without_people(family: Family) -> None:
    for event in map(described, story(family)):
        redacted = redacting.redacted(event, lambda name: name == "ada")
        assert table.read(redacted) == without_addresses(table.read(event)), event["type"]
        assert not traces(json.dumps(redacted)), event["type"]
        assert redacting.redacted(redacted, lambda name: name == "ada") == redacted


def test_names_that_are_no_partners_are_left_out() -> None:
    document: dict[str, Any] = {
        "object": "checkout.session",
        "id": "cs_1",
        "metadata": {"affiliate_id": "ada", "affiliate_session_id": "s-1", "user": "cleo-17"},
        "client_reference_id": "ada--s-1",
        "customer_details": {"email": "cleo@example.com", "name": "Cleo"},
        "field_of_tomorrow": "Cleo Winter",
        "amount_total": 4900,
        "payment_intent": None,
    }
    kept = {"object": "checkout.session", "id": "cs_1", "amount_total": 4900, "payment_intent": None}
    partners = {"metadata": {"affiliate_id": "ada"}, "client_reference_id": "ada"}
    assert redacting.redacted(document, lambda name: name == "ada") == kept | partners
    assert redacting.redacted(document, lambda _: False) == kept | {"metadata": {}}
