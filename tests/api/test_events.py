"""The inbox as a person looks into it."""

import pytest
from sqlalchemy import select

from app import db
from app.stripe_events.models import StripeEvent
from tests.cast import Merchant

from .conftest import Caller
from .sales import Sale, sell


@pytest.fixture
def sales(merchant: Merchant) -> list[Sale]:
    with db.transaction() as session:
        return [sell(session, merchant, "ada", number) for number in (1, 2, 3)]


def test_event_shows_every_field_but_its_payload(owner: Caller, sales: list[Sale]) -> None:
    newest = owner.get("/api/v1/events", limit=1).json["data"][0]
    assert newest.pop("received_at").endswith("Z")
    assert newest.pop("processed_at").endswith("Z")
    assert newest == {
        "id": "evt_3",
        "inbox_id": 3,
        "type": "invoice.paid",
        "object_id": "in_3",
        "account": None,
        "livemode": False,
        "endpoint_id": None,
        "api_version": "2025-02-24.acacia",
        "occurred_at": "2026-11-01T12:00:01.000Z",
        "attempts": 0,
        "next_attempt_at": None,
        "outcome": "accrued",
        "reason": "A commission was accrued.",
        "last_error": None,
    }


def test_events_are_filtered_and_paged(owner: Caller, sales: list[Sale]) -> None:
    def ids_of(**query: object) -> list[str]:
        return [event["id"] for event in owner.get("/api/v1/events", **query).json["data"]]

    assert ids_of() == ["evt_3", "evt_2", "evt_1"]
    assert ids_of(outcome="accrued", type="invoice.paid", limit=2) == ["evt_3", "evt_2"]
    assert ids_of(outcome="parked") == ids_of(outcome="unprocessed") == ids_of(type="charge.succeeded") == []
    assert ids_of(since="2020-01-01T00:00:00Z") == ["evt_3", "evt_2", "evt_1"]
    assert ids_of(since="2199-01-01T00:00:00Z") == []
    assert ids_of(starting_after="evt_2") == ids_of(starting_after="2") == ["evt_1"]
    assert ids_of(page=2, limit=2) == ["evt_1"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"outcome": "lost"}, "outcome"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"starting_after": "evt_9"}, "starting_after"),
        ({"starting_after": "evt_2", "page": 2}, "starting_after"),
    ],
)
def test_queries_that_make_no_sense_are_refused(
    owner: Caller, sales: list[Sale], query: dict[str, str], param: str
) -> None:
    answer = owner.get("/api/v1/events", **query)
    assert (answer.status_code, answer.json["error"]["param"]) == (400, param)


def test_event_is_found_by_its_stripe_id_or_its_number(owner: Caller, sales: list[Sale]) -> None:
    assert owner.get("/api/v1/events/evt_2").json == owner.get("/api/v1/events/2").json
    assert owner.get("/api/v1/events/evt_9").json["error"]["code"] == "event_not_found"


def test_money_in_the_story_takes_a_key_that_may_read_it(owner: Caller, reader: Caller, sales: list[Sale]) -> None:
    assert [note["entry"]["kind"] for note in owner.get("/api/v1/events/evt_1").json["moved"]] == ["accrual"]
    shown = reader.get("/api/v1/events/evt_1").json
    assert (shown["moved"], shown["payments"]) == (None, None)


def test_replay_makes_an_event_due_again(owner: Caller, reader: Caller, sales: list[Sale]) -> None:
    assert reader.post("/api/v1/events/evt_1/replay").status_code == 403
    replayed = owner.post("/api/v1/events/evt_1/replay")
    assert replayed.status_code == 200
    assert (replayed.json["processed_at"], replayed.json["outcome"], replayed.json["attempts"]) == (None, None, 0)
    [due] = owner.get("/api/v1/events", outcome="unprocessed").json["data"]
    assert due["id"] == "evt_1"


def test_event_of_the_wrong_mode_is_never_replayed(owner: Caller, sales: list[Sale]) -> None:
    with db.transaction() as session:
        event = session.scalars(select(StripeEvent).where(StripeEvent.stripe_id == "evt_1")).one()
        event.outcome, event.is_wrong_mode = "wrong_mode", True
    refusal = owner.post("/api/v1/events/evt_1/replay")
    assert (refusal.status_code, refusal.json["error"]["code"]) == (409, "wrong_mode")
