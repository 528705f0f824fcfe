"""From a recorded fact to a receiver: tried again, given up, disabled, and no endpoint in the way of another."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select, text
from standardwebhooks import Webhook, WebhookVerificationError

from app import db, ids, sealing
from app.organizations.models import AuditEntry
from app.outbox import endpoints, sending
from app.outbox.models import OutboundEndpoint
from app.outbox.waits import WAITS_SECONDS
from app.sentences import problems
from tests.waiting import PATIENCE_SECONDS, eventually, join

from .desk import OLD_SECRET, SECRET, Desk, let_it_have_failed_for, let_the_wait_pass
from .internet import Internet
from .receivers import Handler, accept, hang, receiving, refuse

HOOK = "https://hooks.shop.example/in"


def test_a_receiver_with_the_library_verifies_what_it_gets(desk: Desk) -> None:
    with receiving() as receiver:
        endpoint = desk.opens(receiver.url)
        desk.records(data={"name": "Zoë"})
        desk.sends()
    [got] = receiver.received
    message = Webhook(SECRET).verify(got.body, got.headers)
    assert (message["type"], message["data"]["name"]) == ("commission.accrued", "Zoë")
    assert got.headers["webhook-id"] == message["id"]
    [delivery] = desk.deliveries()
    assert (delivery.state, delivery.attempts, delivery.lease) == ("delivered", 1, None)
    [attempt] = desk.attempts(endpoint)
    assert (attempt.status_code, attempt.answer, attempt.problem) == (200, "ok", None)


def test_a_message_that_failed_twice_comes_again_with_its_id(desk: Desk) -> None:
    with receiving(refuse(500, b"down"), refuse(503), then=accept) as receiver:
        endpoint = desk.opens(receiver.url)
        desk.records()
        for waited in WAITS_SECONDS[:2]:
            desk.sends()
            [delivery] = desk.deliveries()
            assert delivery.state == "pending"
            wait = delivery.next_attempt_at - desk.attempts(endpoint)[-1].attempted_at
            assert timedelta(seconds=waited * 0.9) <= wait <= timedelta(seconds=waited * 1.1 + 60)
            let_the_wait_pass()
        desk.sends()
    assert [attempt.status_code for attempt in desk.attempts(endpoint)] == [500, 503, 200]
    first = desk.attempts(endpoint)[0]
    assert (first.problem, first.answer) == ({"problem": "answered_with", "status": 500}, "down")
    assert problems.sentence(first.problem) == "The server answered 500."
    assert {got.headers["webhook-id"] for got in receiver.received} == {
        ids.encode(ids.OUTBOUND_MESSAGE, delivery.message_id)
    }
    assert len({got.body for got in receiver.received}) == 1
    assert desk.deliveries()[0].state == "delivered"


def test_after_ten_failures_a_message_is_given_up(desk: Desk) -> None:
    with receiving(then=refuse(500)) as receiver:
        desk.opens(receiver.url)
        desk.records()
        for _ in range(12):
            desk.sends()
            let_the_wait_pass()
    [delivery] = desk.deliveries()
    assert (delivery.state, delivery.attempts, len(receiver.received)) == ("given_up", 10, 10)
    assert delivery.finished_at


def test_ten_endpoints_that_hang_delay_no_message_of_another(desk: Desk) -> None:
    with receiving(then=hang) as hanging, receiving() as good:
        stuck = [desk.opens(f"{hanging.url}/{number}") for number in range(10)]
        well = desk.opens(good.url)
        desk.records(30)
        working = threading.Thread(target=desk.sends)
        working.start()
        eventually(lambda: len(desk.attempts(well)) == 30)
        assert [attempt for endpoint in stuck for attempt in desk.attempts(endpoint)] == []
        asked = Counter(got.path for got in hanging.received)
        assert set(asked.values()) == {1}, "one message at a time for an endpoint that has not accepted any"
        hanging.then = accept
        hanging.closing.set()
        join(working)
    assert {got.headers["webhook-id"] for got in good.received} == {
        ids.encode(ids.OUTBOUND_MESSAGE, delivery.message_id) for delivery in desk.deliveries()
    }


def test_an_endpoint_that_answers_gets_four_messages_at_once(desk: Desk) -> None:
    four = threading.Barrier(4)

    def accept_with_three_others(handler: Handler) -> None:
        four.wait(PATIENCE_SECONDS)
        accept(handler)

    with receiving(accept, then=accept_with_three_others) as receiver:
        desk.opens(receiver.url)
        desk.records()
        desk.sends()
        desk.records(8)
        desk.sends()
    assert not four.broken
    assert [delivery.state for delivery in desk.deliveries()] == ["delivered"] * 9


def test_an_endpoint_that_begins_to_hang_gets_one_message_at_a_time(desk: Desk, hurried: None) -> None:
    with receiving(accept, then=hang) as receiver:
        endpoint = desk.opens(receiver.url)
        desk.records()
        desk.sends()
        desk.records(8)
        desk.sends()
        failed = [attempt.problem for attempt in desk.attempts(endpoint)[1:]]
        assert failed == [{"problem": "answer_timed_out"}] * 8


def test_the_oldest_of_each_endpoint_is_claimed_before_the_rest_of_a_long_queue(desk: Desk) -> None:
    busy = desk.opens(HOOK)
    desk.records(20)
    quiet = desk.opens(f"{HOOK}2", events=["commission.accrued"])
    desk.records()
    with db.transaction() as session:
        claimed = sending.claim(session, most=5, places=1, known={}, now=datetime.now(UTC))
        assert [delivery.endpoint_id for delivery in claimed] == [busy, quiet]
        again = sending.claim(session, most=50, places=4, known={quiet: 0}, now=datetime.now(UTC))
        assert [delivery.endpoint_id for delivery in again] == [busy] * 4
        assert {delivery.id for delivery in again}.isdisjoint(delivery.id for delivery in claimed)


def test_endpoints_that_fail_come_last_and_each_of_them_gets_its_turn(desk: Desk) -> None:
    for number in range(30):
        desk.opens(f"{HOOK}/{number}")
    desk.records()
    let_it_have_failed_for(timedelta(hours=1))
    recovering = desk.opens(f"{HOOK}/recovering", failing_since=datetime.now(UTC))
    desk.records()
    well = desk.opens(f"{HOOK}/well")
    desk.records()

    def claims() -> list[UUID]:
        with db.transaction() as session:
            claimed = sending.claim(session, most=5, places=1, known={}, now=datetime.now(UTC))
            session.rollback()
        return [delivery.endpoint_id for delivery in claimed]

    assert well in claims()
    eventually(lambda: recovering in claims())


def test_until_its_end_both_secrets_of_a_rotation_sign(desk: Desk) -> None:
    ends_at = datetime.now(UTC) + timedelta(hours=24)
    with receiving() as receiver:
        desk.opens(
            receiver.url,
            previous_secret_encrypted=sealing.seal(OLD_SECRET, desk.settings),
            previous_secret_ends_at=ends_at,
        )
        desk.records()
        desk.sends()
        with db.transaction() as session:
            session.execute(text("UPDATE outbound_endpoints SET previous_secret_ends_at = now()"))
        desk.records()
        desk.sends()
    meanwhile, afterwards = receiver.received
    for secret in (SECRET, OLD_SECRET):
        Webhook(secret).verify(meanwhile.body, meanwhile.headers)
    Webhook(SECRET).verify(afterwards.body, afterwards.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD_SECRET).verify(afterwards.body, afterwards.headers)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:9/in", {"problem": "url_not_https"}),
        ("https://127.0.0.1/in", {"problem": "address_not_public", "address": "127.0.0.1"}),
        ("https://[::ffff:10.0.0.1]/in", {"problem": "address_not_public", "address": "::ffff:a00:1"}),
        ("https://rebinding.example/in", {"problem": "address_not_public", "address": "10.0.0.7"}),
    ],
)
def test_an_address_that_may_not_be_called_is_the_reason_of_the_failure(
    desk: Desk, internet: Internet, url: str, problem: dict[str, str]
) -> None:
    internet.names["rebinding.example"] = [["10.0.0.7"]]
    desk.sender._settings = desk.settings.model_copy(update={"outbound_allow_private": False})
    endpoint = desk.opens(url)
    desk.records()
    desk.sends()
    [attempt] = desk.attempts(endpoint)
    assert attempt.problem == problem
    assert problems.sentence(attempt.problem)
    assert attempt.status_code is None


def test_a_redirect_counts_as_a_failure(desk: Desk) -> None:
    with receiving() as inner, receiving(then=refuse(307, Location=inner.url)) as receiver:
        endpoint = desk.opens(receiver.url)
        desk.records()
        desk.sends()
    assert desk.attempts(endpoint)[0].problem == {"problem": "redirected", "status": 307}
    assert inner.received == []


def test_an_endpoint_that_failed_for_three_days_is_disabled(desk: Desk) -> None:
    with receiving(then=refuse(500)) as receiver:
        endpoint = desk.opens(receiver.url)
        desk.records()
        desk.sends()
        assert desk.endpoint(endpoint).failing_since
        let_it_have_failed_for(timedelta(days=2, hours=23))
        let_the_wait_pass()
        desk.sends()
        assert desk.endpoint(endpoint).disabled_at is None
        let_it_have_failed_for(timedelta(days=3))
        let_the_wait_pass()
        desk.sends()
        disabled = desk.endpoint(endpoint)
        assert disabled.disabled_at
        assert disabled.disabled_reason == "failing"
        let_the_wait_pass()
        desk.sends()
    assert len(receiver.received) == 3, "nothing is sent to a disabled endpoint"
    with db.transaction() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "webhook_endpoint.disabled")).all()
        assert (entry.actor, entry.subject_id) == ("clock", ids.encode(ids.OUTBOUND_ENDPOINT, endpoint))
        assert not sending.is_due(session)


def test_a_message_that_is_accepted_ends_the_time_of_failing(desk: Desk) -> None:
    with receiving(refuse(500), then=accept) as receiver:
        endpoint = desk.opens(receiver.url)
        desk.records()
        desk.sends()
        let_it_have_failed_for(timedelta(days=4))
        let_the_wait_pass()
        desk.sends()
    assert (desk.endpoint(endpoint).failing_since, desk.endpoint(endpoint).disabled_at) == (None, None)


def test_a_claimed_message_is_not_claimed_again_until_its_lease_ends(desk: Desk) -> None:
    desk.opens(HOOK)
    desk.records()
    now = datetime.now(UTC)
    with db.transaction() as session:
        [first] = sending.claim(session, most=5, places=5, known={}, now=now)
        assert sending.claim(session, most=5, places=5, known={}, now=now) == []
    let_the_wait_pass()
    with db.transaction() as session:
        [second] = sending.claim(session, most=5, places=5, known={}, now=now)
    assert (first.id, first.message_id) == (second.id, second.message_id)
    attempt = sending.Attempt(now, 5, 500, {"problem": "answered_with", "status": 500}, "late")
    with db.transaction() as session:
        assert sending.store_attempt(session, first, attempt, chance=0.5) == "lease_lost"
        assert sending.store_attempt(session, second, attempt, chance=0.5) == "postponed"
    assert (desk.deliveries()[0].attempts, len(desk.attempts())) == (1, 2)


def test_what_was_recorded_while_its_endpoint_was_being_deleted_is_given_up(desk: Desk) -> None:
    endpoint = desk.opens(HOOK)
    with db.transaction() as recording:
        desk.records_in(recording)
        with db.transaction() as session:
            endpoints.delete(session, session.get_one(OutboundEndpoint, endpoint))
    desk.sends()
    [delivery] = desk.deliveries()
    assert (delivery.state, delivery.finished_at is None, desk.attempts()) == ("given_up", False, [])


def test_a_postback_is_a_get_with_the_values_of_the_message_and_without_a_signature(desk: Desk) -> None:
    ada = desk.merchant.partners["ada"]
    with receiving(then=refuse(200, b"thanks")) as receiver:
        url = f"{receiver.url}?id={{id}}&sum={{amount}}&in={{currency}}&ref={{reference}}&event={{event}}"
        endpoint = desk.opens(url, partner_id=ada, secret_encrypted=None)
        desk.records(data={"id": "com_a b&c", "amount": "12.00", "currency": "USD"}, partner_id=ada)
        desk.sends()
    [got] = receiver.received
    assert got.method == "GET"
    assert got.path == "/hook?id=com_a%20b%26c&sum=12.00&in=USD&ref=&event=commission.accrued"
    assert (got.body, [name for name in got.headers if name.startswith("webhook")]) == (b"", [])
    [attempt] = desk.attempts(endpoint)
    assert (attempt.status_code, attempt.answer) == (200, None)


def test_the_body_is_the_same_for_every_endpoint(desk: Desk) -> None:
    with receiving() as receiver:
        for number in range(3):
            desk.opens(f"{receiver.url}/{number}")
        desk.records()
        desk.sends()
    assert len(receiver.received) == 3
    assert len({got.body for got in receiver.received}) == 1
    assert orjson.loads(receiver.received[0].body)["livemode"] is False
