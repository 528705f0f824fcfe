"""The sender is woken after the commit of a fact, and by the clock for what was not."""

from datetime import timedelta

import pytest
import redis

from app import db, jobs
from app.outbox import sending
from worker import schedule

from .desk import Desk, let_it_have_failed_for, let_the_wait_pass
from .receivers import receiving, refuse


@pytest.fixture
def queue(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url, decode_responses=True)


def queued(queue: redis.Redis) -> int:
    jobs.flush()
    return int(queue.llen("rq:queue:accrual-outbound"))


def test_a_fact_wakes_the_sender_after_its_commit(desk: Desk, queue: redis.Redis) -> None:
    desk.records()
    assert queued(queue) == 0, "nothing listens"
    desk.opens("https://hooks.shop.example/in")
    desk.records()
    assert queued(queue) == 1


def test_a_fact_in_a_savepoint_wakes_it_after_the_commit_and_not_before(desk: Desk, queue: redis.Redis) -> None:
    desk.opens("https://hooks.shop.example/in")
    with db.transaction() as session:
        with session.begin_nested():
            desk.records_in(session)
        assert queued(queue) == 0, "the savepoint is released, nothing is committed"
    assert queued(queue) == 1


def test_a_fact_that_is_rolled_back_wakes_nothing(desk: Desk, queue: redis.Redis) -> None:
    desk.opens("https://hooks.shop.example/in")
    with db.transaction() as session:
        desk.records_in(session)
        session.rollback()
    assert queued(queue) == 0
    assert desk.deliveries() == []


def test_the_clock_finds_what_was_not_announced_and_what_waited(desk: Desk, queue: redis.Redis) -> None:
    with receiving(then=refuse(500)) as receiver:
        desk.opens(receiver.url)
        desk.records()
        jobs.flush()
        queue.flushdb()
        schedule.sweep_outbound()
        assert queued(queue) == 1
        desk.sends()
        queue.flushdb()
        schedule.sweep_outbound()
        assert queued(queue) == 0, "its next attempt is not due yet"
        let_the_wait_pass()
        schedule.sweep_outbound()
        assert queued(queue) == 1


def test_the_age_of_the_oldest_due_message_is_measured(desk: Desk) -> None:
    with db.transaction() as session:
        assert sending.oldest_due_seconds(session) is None
    desk.opens("https://hooks.shop.example/in")
    desk.records(2)
    with db.transaction() as session:
        age_seconds = sending.oldest_due_seconds(session)
    assert age_seconds is not None
    assert 0 <= age_seconds < 60
    let_it_have_failed_for(timedelta(hours=1))
    with db.transaction() as session:
        assert sending.oldest_due_seconds(session) is None, "what waits for one that fails says nothing of the sender"
        assert sending.is_due(session)
