"""An event is kept once, worked once, and never across the line between test and live."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest
import redis
from flask import Flask
from rq import Queue
from rq.serializers import JSONSerializer

from app import db, jobs
from app.config import Settings
from app.stripe_events import listed
from app.stripe_events.scope import Scope
from tests.cast import Merchant
from tests.stripe_stories.signing import signature_header
from worker.inbox import drain

from .conftest import Document, Endpoint, an_event, make_endpoint, rows_of


class Wakeups:
    """The drain jobs that are queued."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def count(self) -> int:
        jobs.flush()
        return Queue(jobs.QUEUE, connection=self._client, serializer=JSONSerializer).count

    def begin_drain(self) -> None:
        """What a worker does first: it takes the job and lowers the flag."""
        jobs.flush()
        self._client.flushall()


@pytest.fixture
def wakeups(redis_url: str, application: Flask) -> Iterator[Wakeups]:
    jobs.flush()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield Wakeups(client)


def received(endpoint: Endpoint) -> Counter[str]:
    """The deliveries so far, by result, as `/metrics` has them."""
    lines = endpoint.application.test_client().get("/metrics").text
    counts = re.findall(r'accrual_events_received_total{result="(\w+)"} (\d+)', lines)
    return Counter({result: int(number) for result, number in counts})


def work_all() -> None:
    while drain.work_batch():
        pass


def test_a_new_event_wakes_a_worker_and_many_wake_one(endpoint: Endpoint, wakeups: Wakeups) -> None:
    for _ in range(5):
        endpoint.send(an_event())
    assert wakeups.count() == 1
    wakeups.begin_drain()
    endpoint.send(an_event())
    assert wakeups.count() == 1


def test_a_repetition_is_stored_once_however_it_is_written(endpoint: Endpoint) -> None:
    event = an_event()
    for body in (json.dumps(event), json.dumps(event), json.dumps(event, indent=4)):
        assert endpoint.post(body.encode()).status_code == 200
    [row] = rows_of(event)
    assert row.payload == json.dumps(event)


CONTENT = {"id": "in_1", "amount_paid": 4900, "hosted_invoice_url": "https://pay.example/a?s=1"}
REPEATED = {
    "with another count of pending webhooks": ({"pending_webhooks": 3, "request": {"id": "req_2"}}, "duplicate"),
    "with an address signed again": ({"hosted_invoice_url": "https://pay.example/a?s=2"}, "duplicate"),
    "of another type": ({"type": "invoice.voided"}, "different"),
    "of another time": ({"created": 1_772_445_601}, "different"),
    "with another amount": ({"amount_paid": 9_999_900}, "different"),
    "with another object": ({"id": "in_2"}, "different"),
}


@pytest.mark.parametrize("note", ["plain", "a\u0000b"], ids=["readable by Postgres", "unreadable by Postgres"])
@pytest.mark.parametrize("change", REPEATED)
def test_a_repetition_with_other_content_is_noticed_and_changes_nothing(
    endpoint: Endpoint, change: str, note: str
) -> None:
    """What Postgres cannot read as JSON is different if one character is."""
    changes, expected = REPEATED[change]
    content = {key: value for key, value in changes.items() if key in CONTENT}
    first = an_event(data={"object": CONTENT | {"note": note}})
    again = first | {key: value for key, value in changes.items() if key not in CONTENT}
    again["data"] = {"object": first["data"]["object"] | content}
    before = received(endpoint)
    for event in (first, first, again):
        assert endpoint.send(event).status_code == 200
    [row] = rows_of(first)
    assert (row.payload, row.type) == (json.dumps(first), first["type"])
    last = expected if note == "plain" else "different"
    assert received(endpoint) - before == Counter(["stored", "duplicate", last])


def test_a_repetition_of_an_unprocessed_event_wakes_the_worker_again(endpoint: Endpoint, wakeups: Wakeups) -> None:
    event = an_event()
    endpoint.send(event)
    wakeups.begin_drain()
    endpoint.send(event)
    assert wakeups.count() == 1


def test_a_repetition_of_a_processed_event_wakes_no_worker(endpoint: Endpoint, wakeups: Wakeups) -> None:
    event = an_event()
    endpoint.send(event)
    work_all()
    [before] = rows_of(event)
    wakeups.begin_drain()
    assert endpoint.send(event).status_code == 200
    assert wakeups.count() == 0
    assert rows_of(event) == [before]
    assert before.outcome == "ignored_type"


def test_event_sent_to_two_endpoints_is_stored_once(
    application: Flask, merchant: Merchant, settings: Settings, endpoint: Endpoint
) -> None:
    second = make_endpoint(application, merchant.organization_id, settings, ["whsec_second"])
    event = an_event()
    for one in (endpoint, second):
        assert one.send(event).status_code == 200
    assert len(rows_of(event)) == 1


def test_the_same_event_in_another_api_version_is_kept_beside_it(endpoint: Endpoint) -> None:
    event = an_event()
    for version in ("2025-11-17.clover", "2025-02-24.acacia", "2025-02-24.acacia"):
        assert endpoint.send(event | {"api_version": version}).status_code == 200
    assert [row.api_version for row in rows_of(event)] == ["2025-11-17.clover", "2025-02-24.acacia"]


def test_a_connected_accounts_event_is_kept_under_its_account(endpoint: Endpoint) -> None:
    event = an_event()
    for account in ({}, {"account": None}, {"account": "acct_1"}, {"account": "acct_2"}, {"account": "acct_1"}):
        assert endpoint.send(event | account).status_code == 200
    assert [row.account for row in rows_of(event)] == ["", "acct_1", "acct_2"]


@pytest.mark.parametrize("is_live_endpoint", [True, False])
def test_the_other_modes_event_is_stored_and_never_due(
    application: Flask, merchant: Merchant, settings: Settings, wakeups: Wakeups, is_live_endpoint: bool
) -> None:
    secrets = [f"whsec_{is_live_endpoint}"]
    strict = make_endpoint(application, merchant.organization_id, settings, secrets, livemode=is_live_endpoint)
    event = an_event(livemode=not is_live_endpoint, type="invoice.paid")
    before = received(strict)
    for _ in range(2):
        assert strict.send(event).status_code == 200
    assert wakeups.count() == 0
    work_all()
    assert received(strict) - before == Counter(["wrong_mode", "duplicate"])
    [row] = rows_of(event)
    assert (row.outcome, row.livemode, row.attempts) == ("wrong_mode", not is_live_endpoint, 0)
    right = event | {"livemode": is_live_endpoint}
    assert strict.send(right).status_code == 200
    assert [row.outcome for row in rows_of(event)] == ["wrong_mode", None]
    assert wakeups.count() == 1


@pytest.mark.parametrize("version", ["2025-11-17.clover", "2025-02-24.acacia"])
def test_a_listed_event_that_came_to_an_endpoint_of_the_other_mode_is_due(
    application: Flask, merchant: Merchant, settings: Settings, version: str
) -> None:
    """Stripe's live events were sent to the test endpoint; a backfill in live mode lists them, also in its version."""
    owner = merchant.organization_id
    wrong = make_endpoint(application, owner, settings, ["whsec_listed"], livemode=False)
    event = an_event(livemode=True, type="invoice.paid")
    assert wrong.send(event).status_code == 200
    listed_event = event | {"api_version": version}
    with db.transaction() as session:
        [inbox_id] = listed.insert_listed(session, Scope(owner, "", livemode=True), [listed_event])
        assert listed.insert_listed(session, Scope(owner, "", livemode=True), [listed_event]) == []
    [row] = [row for row in rows_of(event) if row.outcome is None]
    assert (row.id, row.api_version, row.payload) == (inbox_id, version, json.dumps(listed_event))


@pytest.mark.parametrize("livemode", [None, "true", 1, 0, [], {"live": False}])
def test_livemode_that_is_not_a_boolean_is_handled(endpoint: Endpoint, livemode: object) -> None:
    event = an_event(livemode=livemode)
    assert endpoint.send(event).status_code in {200, 400}


def thin_event(**changes: object) -> Document:
    event = an_event(object="v2.core.event", type="v1.invoice.paid", created="2026-03-02T10:00:00.123Z")
    del event["data"], event["api_version"]
    return event | {"related_object": {"id": "in_thin", "type": "invoice", "url": "/v1/invoices/in_thin"}} | changes


def test_a_thin_event_is_stored_and_says_why_it_cannot_be_used(endpoint: Endpoint) -> None:
    event = thin_event()
    assert endpoint.send(event).status_code == 200
    work_all()
    [row] = rows_of(event)
    assert (row.outcome, row.object_id, row.occurred_at.isoformat()) == (
        "unusable",
        "in_thin",
        "2026-03-02T10:00:00+00:00",
    )
    assert row.outcome_details == {"problem": "thin_without_key"}


def test_a_signature_of_another_body_stores_nothing(endpoint: Endpoint) -> None:
    event, other = an_event(), an_event()
    header = signature_header(json.dumps(other).encode(), *endpoint.secrets)
    assert endpoint.post(json.dumps(event).encode(), header=header).status_code == 400
    assert rows_of(event) == []
