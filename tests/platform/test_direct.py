"""Single statements on a thread's own connection: what they write, how they fail, how broken ones are replaced."""

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

from app import db, direct

pytestmark = pytest.mark.usefixtures("application")

_INSERT = direct.Statement("""
    INSERT INTO touchpoints (id, organization_id, program_id, partner_id, code, session_id, source, touched_at)
    VALUES ($1, $1, $1, $1, $2, 'session-1', $3, $4) ON CONFLICT DO NOTHING
""")
_AT = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)


def codes() -> list[str]:
    with db.transaction() as session:
        return list(session.scalars(text("SELECT code FROM touchpoints ORDER BY code")))


def test_a_statement_is_committed_at_once_and_counts_the_rows_it_wrote() -> None:
    identity = uuid4()
    with direct.connection() as connection:
        written = [connection.execute(_INSERT, identity, code, "link", _AT) for code in ("ada", "ben")]
        assert codes() == ["ada"]
    assert written == [1, 0]


def test_values_arrive_unchanged() -> None:
    identity, code = uuid4(), 'line 1\nline 2\t"quoted" \\ $1 %s é 界'
    with direct.connection() as connection:
        connection.execute(_INSERT, identity, code, "beacon", _AT)
    with db.transaction() as session:
        row = session.execute(text("SELECT id, partner_id, code, source, touched_at FROM touchpoints")).one()
    assert tuple(row) == (identity, identity, code, "beacon", _AT)


def test_text_that_postgres_cannot_store_is_refused_and_not_cut_off() -> None:
    with pytest.raises(DataError), direct.connection() as connection:
        connection.execute(_INSERT, uuid4(), "ada\0ben", "link", _AT)
    assert codes() == []


def test_a_refused_statement_raises_its_kind_of_error_and_the_connection_stays() -> None:
    with pytest.raises(IntegrityError) as refusal, direct.connection() as connection:
        connection.execute(_INSERT, uuid4(), "ada", "rumour", _AT)
    assert not refusal.value.connection_invalidated
    assert isinstance(refusal.value.orig, psycopg.errors.CheckViolation)
    with pytest.raises(ProgrammingError), direct.connection() as connection:
        connection.execute(direct.Statement("INSERT INTO nowhere VALUES ($1)"), 1)
    with direct.connection() as same:
        assert same is connection
        same.execute(_INSERT, uuid4(), "ada", "link", _AT)
    assert codes() == ["ada"]


def test_on_a_broken_connection_the_work_is_done_once_more_on_a_new_one(database_url: str) -> None:
    tried: list[int] = []

    def insert(connection: direct.Connection) -> int:
        tried.append(connection.driver.info.backend_pid)
        return connection.execute(_INSERT, uuid4(), "ada", "link", _AT)

    assert direct.run(insert) == 1
    end_sessions(database_url, tried)
    assert direct.run(insert) == 1
    assert (len(tried), tried[0] == tried[1], codes()) == (3, True, ["ada", "ada"])


def test_work_that_breaks_its_connection_twice_fails(database_url: str) -> None:
    tried: list[int] = []

    def insert(connection: direct.Connection) -> int:
        tried.append(connection.driver.info.backend_pid)
        end_sessions(database_url, tried[-1:])
        return connection.execute(_INSERT, uuid4(), "ada", "link", _AT)

    with pytest.raises(OperationalError) as failure:
        direct.run(insert)
    assert failure.value.connection_invalidated
    assert len(set(tried)) == 2


def end_sessions(database_url: str, process_ids: list[int]) -> None:
    """End these sessions of the server, and return when they have ended."""
    with db.create(database_url, role=None).connect() as connection:
        for process_id in process_ids:
            connection.execute(text("SELECT pg_terminate_backend(:id, 5000)"), {"id": process_id})
