"""A sender that is killed loses no message: it is sent again with its id. One that is stopped ends what it began."""

import signal
import threading

import orjson
import pytest

from app import jobs
from app.config import Settings
from tests.cast import Merchant
from tests.outbound.desk import SECRET, Desk, let_the_wait_pass
from tests.outbound.receivers import Handler, hang, receiving
from tests.waiting import eventually

from .conftest import Valkey
from .processes import Staff, await_end, kill_9, listens_for


@pytest.fixture
def desk(merchant: Merchant, settings: Settings) -> Desk:
    return Desk(merchant, settings)


def test_what_a_killed_sender_was_sending_is_sent_again_with_its_id(desk: Desk, staff: Staff) -> None:
    with receiving(hang, hang) as receiver:
        for number in range(2):
            desk.opens(f"{receiver.url}/{number}")
        desk.records()
        first = staff.sender()
        eventually(lambda: len(receiver.received) == 2)
        kill_9(first)
        assert desk.attempts() == []
        let_the_wait_pass()
        jobs.sweep(jobs.OUTBOUND)
        staff.sender()
        eventually(lambda: [delivery.state for delivery in desk.deliveries()] == ["delivered"] * 2)
    assert len(receiver.received) == 4
    assert len({(got.headers["webhook-id"], got.body) for got in receiver.received}) == 1


def test_a_stopped_sender_ends_what_it_began_and_begins_nothing(desk: Desk, staff: Staff) -> None:
    released = threading.Event()

    def hold(handler: Handler) -> None:
        released.wait()
        handler.answer(200, b"late")

    with receiving(then=hold) as receiver:
        desk.opens(receiver.url)
        desk.records(3)
        sender = staff.sender()
        eventually(lambda: len(receiver.received) == 1)
        assert sender.pid
        assert listens_for(signal.SIGTERM, sender.pid)
        sender.terminate()
        released.set()
        await_end(sender)
    assert sender.exitcode == 0
    assert len(receiver.received) == 1
    assert sorted(delivery.state for delivery in desk.deliveries()) == ["delivered", "pending", "pending"]
    assert [attempt.answer for attempt in desk.attempts()] == ["late"]


def test_the_clock_announces_what_redis_lost(desk: Desk, staff: Staff, valkey: Valkey) -> None:
    with receiving() as receiver:
        desk.opens(receiver.url)
        desk.records()
        jobs.flush()
        with valkey.client() as client:
            client.flushall()
        staff.sender()
        staff.clock()
        eventually(lambda: len(receiver.received) == 1)


def test_two_senders_share_the_work_and_send_nothing_twice(desk: Desk, staff: Staff) -> None:
    with receiving() as receiver:
        for number in range(5):
            desk.opens(f"{receiver.url}/{number}")
        desk.records(40)
        for _ in range(2):
            staff.sender()
            jobs.sweep(jobs.OUTBOUND)
        eventually(lambda: all(delivery.state == "delivered" for delivery in desk.deliveries()))
    got = [(one.path, orjson.loads(one.body)["id"]) for one in receiver.received]
    assert len(got) == len(set(got)) == 200
    assert SECRET not in staff.log.read_text()
