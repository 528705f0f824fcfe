"""The migration that moves the mails that other tables had: those that wait are sent by the new version."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text

from app import ids
from app.runtime import schema
from tests.servers import Servers

BEFORE = "branding"


@pytest.fixture
def before(servers: Servers) -> Iterator[str]:
    """The address of a database at the migration before."""
    name = "moved_mails"
    servers.administer("CREATE DATABASE {}", name)
    url = servers.database_url(name)
    command.upgrade(schema.alembic_config(url), BEFORE)
    yield url
    servers.administer("DROP DATABASE {} WITH (FORCE)", name)


def fill(engine: Engine) -> dict[str, Any]:
    """A mail of each table that waits after an attempt, and two that ended."""
    values = {name: ids.new() for name in ("owner", "program", "partner", "person", "endpoint", "login", "old", "mail")}
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO organizations (id, kind, name) VALUES (:owner, 'merchant', 'Shop')",
            "INSERT INTO programs (id, organization_id, name, currency) VALUES (:program, :owner, 'Friends', 'usd')",
            """INSERT INTO partners (id, organization_id, program_id, email, slug)
               VALUES (:partner, :owner, :program, 'ada@example.com', 'ada')""",
            "INSERT INTO people (id, email) VALUES (:person, 'mara@example.com')",
            """INSERT INTO outbound_endpoints (id, organization_id, livemode, url, events, secret_encrypted,
                   disabled_at, disabled_reason, mail_due_at, mail_attempts)
               VALUES (:endpoint, :owner, true, 'https://example.com', '{*}', 'sealed', :then, 'failing', :then, 3)""",
            """INSERT INTO login_mails (id, person_id, attempts, next_attempt_at, problem)
               VALUES (:login, :person, 2, :then, 'SMTPRecipientsRefused')""",
            """INSERT INTO login_mails (id, person_id, attempts, next_attempt_at, ended_at)
               VALUES (:old, :person, 1, :then, :then)""",
            """INSERT INTO partner_mails (id, organization_id, partner_id, kind, next_attempt_at)
               VALUES (:mail, :owner, :partner, 'confirm_address', :then)""",
        ):
            connection.execute(text(statement), {**values, "then": datetime(2026, 11, 1, tzinfo=UTC)})
    return values


def test_mails_that_wait_are_moved_with_their_attempts(before: str) -> None:
    engine = create_engine(before)
    values = fill(engine)
    command.upgrade(schema.alembic_config(before), "mails")
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT * FROM mails ORDER BY kind, attempts")).all()
    assert [(row.kind, row.state, row.attempts, row.problem) for row in rows] == [
        ("confirm_address", "queued", 0, None),
        ("endpoint_disabled", "failed", 3, None),
        ("login", "sent", 1, None),
        ("login", "failed", 2, "SMTPRecipientsRefused"),
    ]
    confirming, endpoint, _, login = rows
    assert (confirming.program_id, confirming.partner_id) == (values["program"], values["partner"])
    assert (endpoint.livemode, endpoint.details) == (True, {"endpoint": str(values["endpoint"])})
    assert (login.person_id, login.organization_id) == (values["person"], None)
    command.downgrade(schema.alembic_config(before), BEFORE)
    engine.dispose()
