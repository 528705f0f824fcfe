"""Postgres is stopped, or dies: Stripe gets 503 and retries, and everything continues afterwards."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from app.runtime import schema
from tests.conftest import Tally
from tests.waiting import eventually

from .conftest import Postgres, PostingsLock
from .delivery import Post
from .processes import Staff
from .stories import assert_processed_once, customers, events_of, is_settled


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    schema.migrate(postgres.url)
    return postgres.url


def stop(postgres: Postgres) -> None:
    postgres.stop()


def crash(postgres: Postgres) -> None:
    postgres.crash()


@pytest.mark.parametrize("end", [stop, crash], ids=["stopped", "killed"])
def test_events_get_503_without_postgres_and_settle_once_it_is_back(
    post: Post, staff: Staff, postgres: Postgres, owner: Engine, tally: Tally, end: Callable[[Postgres], None]
) -> None:
    """It ends while a worker holds a batch; only Postgres is started again."""
    settled, in_hand, refused = customers(2), customers(2), customers(1)
    workers = [staff.worker(), staff.worker(), staff.clock()]
    assert {status for status, _ in post.all(events_of(settled))} == {200}
    eventually(is_settled)
    with owner.connect() as connection:
        postings_lock = PostingsLock(connection)
        postings_lock.lock()
        assert {status for status, _ in post.all(events_of(in_hand))} == {200}
        postings_lock.wait_until_blocking()
        end(postgres)
        connection.invalidate()
    away = [status for status, _ in post.all(events_of(refused))]
    assert set(away) == {503}
    tally("requests answered 503 while Postgres was away", len(away))
    postgres.start()
    assert {status for status, _ in post.all(events_of(refused))} == {200}
    eventually(is_settled)
    assert all(worker.is_alive() for worker in workers)
    assert_processed_once([*settled, *in_hand, *refused])
