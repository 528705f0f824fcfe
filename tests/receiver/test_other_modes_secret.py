"""A signing secret vouches for the events of its endpoint's mode alone, whatever was sent with it before or after."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from flask import Flask

from app import db, ids
from app.config import Settings
from app.stripe_events import listed
from app.stripe_events.scope import Scope
from app.stripe_sync import fetched
from tests.cast import Merchant
from worker.inbox import drain

from .conftest import Document, Endpoint, an_event, make_endpoint, rows_of

VOUCHED = ("endpoint_id", "type", "object_id", "occurred_at", "payload", "livemode", "account", "api_version")


@dataclass(frozen=True)
class Two:
    """The shop's endpoints of both modes, each with a secret of its own."""

    right: Endpoint
    wrong: Endpoint
    livemode: bool


@pytest.fixture(params=[True, False], ids=["live event", "test event"])
def two(request: pytest.FixtureRequest, application: Flask, merchant: Merchant, settings: Settings) -> Two:
    livemode: bool = request.param
    right, wrong = (
        make_endpoint(application, merchant.organization_id, settings, [f"whsec_{mode}"], livemode=mode)
        for mode in (livemode, not livemode)
    )
    return Two(right, wrong, livemode)


def forged(event: Document) -> Document:
    """Another document under the event's id, as the holder of the other mode's secret would make it."""
    return event | {
        "type": "invoice.paid",
        "created": event["created"] + 1_000_000,
        "data": {"object": {"id": "in_forged", "object": "invoice", "amount_paid": 999_999_00}},
    }


def vouched_row(event: Document) -> Any:
    """The only row of the event that may be processed."""
    [row] = [row for row in rows_of(event) if not row.is_wrong_mode]
    return row


def assert_true_event_is_stored(two: Two, event: Document) -> None:
    row = vouched_row(event)
    assert (row.payload, row.type, row.object_id, row.livemode, row.outcome) == (
        json.dumps(event),
        event["type"],
        event["data"]["object"]["id"],
        two.livemode,
        None,
    )
    assert row.occurred_at.timestamp() == event["created"]
    assert row.endpoint_id == ids.decode(two.right.path.rpartition("/")[2], ids.STRIPE_ENDPOINT)
    others = [row for row in rows_of(event) if row.is_wrong_mode]
    assert {row.outcome for row in others} <= {"wrong_mode"}


@pytest.mark.parametrize("order", sorted(set(permutations("ffttt"))), ids="".join)
def test_true_event_is_stored_whatever_was_sent_with_the_other_modes_secret(two: Two, order: Sequence[str]) -> None:
    event = an_event(livemode=two.livemode)
    for sender in order:
        answer = two.right.send(event) if sender == "t" else two.wrong.send(forged(event))
        assert answer.status_code == 200
    assert_true_event_is_stored(two, event)
    assert len(rows_of(event)) == 2


def test_true_event_is_stored_once_while_both_arrive_at_the_same_moment(two: Two) -> None:
    for _ in range(10):
        event = an_event(livemode=two.livemode)
        sends = [lambda e=event: two.right.send(e), lambda e=event: two.wrong.send(forged(e))] * 3
        with ThreadPoolExecutor(len(sends)) as threads:
            assert [each.result().status_code for each in [threads.submit(send) for send in sends]] == [200] * 6
        assert_true_event_is_stored(two, event)


@pytest.mark.parametrize("is_processed", [False, True])
def test_forged_event_changes_nothing_about_the_true_one(two: Two, is_processed: bool) -> None:
    event = an_event(livemode=two.livemode)
    two.right.send(event)
    if is_processed:
        drain.work_batch()
    before = vouched_row(event)
    assert two.wrong.send(forged(event)).status_code == 200
    drain.work_batch()
    row = vouched_row(event)
    assert [getattr(row, name) for name in VOUCHED] == [getattr(before, name) for name in VOUCHED]
    assert row.outcome == "ignored_type"


def test_forged_event_neither_hides_nor_replaces_a_listed_one(two: Two, merchant: Merchant) -> None:
    event = an_event(livemode=two.livemode)
    scope = Scope(merchant.organization_id, "", livemode=two.livemode)
    two.wrong.send(forged(event))
    with db.transaction() as session:
        [inbox_id] = listed.insert_listed(session, scope, [event])
        assert listed.insert_listed(session, scope, [event]) == []
    two.wrong.send(forged(event))
    row = vouched_row(event)
    assert (row.id, row.payload, row.endpoint_id) == (inbox_id, json.dumps(event), None)


def test_forged_event_does_not_block_a_fetched_document(two: Two, merchant: Merchant) -> None:
    document = {"id": "in_fetched", "object": "invoice", "livemode": two.livemode, "amount_paid": 4900}
    version = "2025-11-17.clover"
    event = an_event(id=fetched.name(document), api_version=version, livemode=two.livemode)
    assert two.wrong.send(forged(event)).status_code == 200
    scope = Scope(merchant.organization_id, "", livemode=two.livemode)
    with db.transaction() as session:
        made = fetched.insert_documents(session, scope, [document], fetched_at=datetime.now(UTC), api_version=version)
    assert [vouched_row(event).id] == made
