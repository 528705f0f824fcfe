"""What each login of the database may do: a list of statements is tried as each of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import db, logs
from app.organizations import actors
from app.organizations.keys import create_key, public_id, revoke_key
from app.runtime import logins
from tests import cast

PASSWORD = "of the tests"

EVERYBODY_IS_REFUSED = (
    "SET SESSION AUTHORIZATION accrual",
    "SET ROLE accrual",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY audit_entries FROM '/etc/passwd'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')",
    "CREATE ROLE mine SUPERUSER",
    "ALTER ROLE accrual_web SUPERUSER",
    "GRANT accrual TO accrual_web",
    "CREATE TABLE mine ()",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE postings DISABLE TRIGGER ALL",
    "DROP TRIGGER refuse_change ON postings",
    "ALTER TABLE api_keys DISABLE ROW LEVEL SECURITY",
    "DROP POLICY request ON api_keys",
    "SET session_replication_role = replica",
    "UPDATE postings SET amount_minor = 0",
    "DELETE FROM journal_entries",
    "TRUNCATE postings",
    "UPDATE statements SET hash = 'mine'",
    "DELETE FROM statements",
    "TRUNCATE statements",
    "UPDATE statement_periods SET ends_at = now()",
    "DELETE FROM statement_periods",
    "UPDATE audit_entries SET actor = 'cli'",
    "DELETE FROM audit_entries",
    "UPDATE alembic_version SET version_num = 'none'",
)
THE_WEB_IS_REFUSED = (
    *EVERYBODY_IS_REFUSED,
    "SET ROLE accrual_worker",
    "UPDATE stripe_events SET payload = '{}'",
    "UPDATE stripe_events SET organization_id = gen_random_uuid()",
    "UPDATE stripe_events SET is_wrong_mode = false",
    "DELETE FROM stripe_events",
    "UPDATE api_keys SET level = 'manage'",
    "UPDATE api_keys SET key_hash = 'mine'",
    "UPDATE api_keys SET organization_id = gen_random_uuid()",
    "DELETE FROM api_keys",
    "UPDATE terms SET commission = '{}'",
    "UPDATE snapshots SET commission = '{}'",
    "UPDATE organizations SET parent_id = NULL",
    "UPDATE partners SET organization_id = gen_random_uuid()",
    "SELECT keep_touchpoint_month('2026-01-01')",
)
REFUSED = {
    "entry": (
        *THE_WEB_IS_REFUSED,
        "UPDATE api_keys SET revoked_at = NULL",
        "SELECT payload FROM stripe_events",
        "UPDATE stripe_events SET processed_at = NULL, outcome = NULL",
        "SELECT name FROM api_keys",
        "SELECT FROM commissions",
        "SELECT FROM journal_entries",
        "SELECT FROM audit_entries",
        "SELECT FROM touchpoints",
        "UPDATE programs SET landing_url = 'https://elsewhere.example'",
        "UPDATE stripe_endpoints SET disabled_at = NULL",
        "INSERT INTO organizations (id, name, kind) VALUES (gen_random_uuid(), 'x', 'merchant')",
        "INSERT INTO organizations (id, name, parent_id) SELECT gen_random_uuid(), 'x', id FROM organizations LIMIT 1",
    ),
    "request": (
        *THE_WEB_IS_REFUSED,
        "INSERT INTO organizations (id, name) VALUES (gen_random_uuid(), 'x')",
        "UPDATE stripe_endpoints SET livemode = true",
    ),
    "the web's bare login": (
        *THE_WEB_IS_REFUSED,
        "SELECT FROM organizations",
        "SELECT FROM api_keys",
        "SELECT FROM stripe_events",
    ),
    "worker": EVERYBODY_IS_REFUSED,
}
ALLOWED = {
    "entry": (
        "SELECT id, organization_id, level, scopes FROM api_keys WHERE key_hash = 'x' AND revoked_at IS NULL",
        "UPDATE api_keys SET last_used_at = now()",
        "SELECT secrets_encrypted FROM stripe_endpoints",
        "INSERT INTO organizations (id, name) VALUES (gen_random_uuid(), 'x')",
        "SELECT FROM programs JOIN partners ON partners.program_id = programs.id FOR UPDATE OF partners",
        "SELECT version_num FROM alembic_version",
    ),
    "request": (
        "UPDATE api_keys SET revoked_at = now() WHERE revoked_at IS NULL",
        "UPDATE partners SET slug = slug, status = status",
        "UPDATE stripe_events SET processed_at = NULL, outcome = NULL",
        "SELECT payload FROM stripe_events",
        "SELECT FROM commissions, journal_entries, postings, audit_entries",
    ),
    "the web's bare login": ("SELECT 1",),
    "worker": (
        "UPDATE stripe_events SET processed_at = NULL, outcome = NULL",
        "SELECT FROM commissions, journal_entries, postings, audit_entries",
        "SELECT keep_touchpoint_month('2026-01-01')",
    ),
}
WAYS_BACK = {
    "SET ROLE NONE": {"entry": "accrual_web", "request": "accrual_web", "worker": "accrual_worker"},
    "RESET ROLE": {"entry": "accrual_entry", "request": "accrual_entry", "worker": "accrual_worker"},
}
"""Who a transaction is after trying to shake off its role."""


@dataclass(frozen=True)
class Logins:
    """Engines as the product makes them, each with its own login."""

    web: Engine
    worker: Engine
    merchant: cast.Merchant
    other: cast.Merchant

    def become(self, who: str) -> Session:
        session = Session(self.worker if who == "worker" else self.web)
        if who == "request":
            db.narrow_to_organizations(session, [self.merchant.organization_id], livemode=False)
        if who == "the web's bare login":
            session.execute(text("SET ROLE NONE"))
        return session


@pytest.fixture
def roles(database: Engine, database_url: str) -> Iterator[Logins]:
    with db.transaction() as session:
        shop, other = cast.open_merchant(session, "Shop"), cast.open_merchant(session, "Other")
        for one in (shop, other):
            cast.enroll(session, one, "ada")
            key, _ = create_key(session, one.organization_id, name="old", level="read")
            revoke_key(session, actors.CLI, [one.organization_id], public_id(key))
    logins.set_passwords(database_url, {db.WEB_LOGIN: PASSWORD, db.WORKER_LOGIN: PASSWORD})
    address = make_url(database_url)
    web = db.create(address.set(username=db.WEB_LOGIN, password=PASSWORD), role=db.ENTRY_ROLE)
    worker = db.create(address.set(username=db.WORKER_LOGIN, password=PASSWORD))
    yield Logins(web, worker, shop, other)
    web.dispose()
    worker.dispose()


@pytest.mark.parametrize("who", REFUSED)
def test_roles_cannot_use_other_privileges(roles: Logins, who: str) -> None:
    went_through = [statement for statement in REFUSED[who] if _sqlstate(roles, who, statement) != "42501"]
    assert went_through == []


@pytest.mark.parametrize("who", ALLOWED)
def test_roles_have_the_privileges_they_need(roles: Logins, who: str) -> None:
    refused = [statement for statement in ALLOWED[who] if _sqlstate(roles, who, statement) is not None]
    assert refused == []


@pytest.mark.parametrize("way", WAYS_BACK)
@pytest.mark.parametrize("who", ["entry", "request", "worker"])
def test_resetting_the_role_gives_no_further_rights(roles: Logins, who: str, way: str) -> None:
    with roles.become(who) as session:
        session.execute(text(way))
        assert session.scalar(text("SELECT current_user")) == WAYS_BACK[way][who]
        assert session.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")) is False
        session.rollback()


@pytest.mark.parametrize("who", ["request", "worker", "owner"])
def test_no_role_can_undo_the_revocation_of_a_key(roles: Logins, database_url: str, who: str) -> None:
    statement = "UPDATE api_keys SET revoked_at = NULL WHERE revoked_at IS NOT NULL"
    if who != "owner":
        assert _sqlstate(roles, who, statement) == "23514"
        return
    owner = db.create(database_url, role=None)
    with pytest.raises(DBAPIError, match="stays revoked"), owner.begin() as connection:
        connection.execute(text(statement))
    owner.dispose()


@pytest.mark.parametrize("table", ["api_keys", "partners", "programs", "terms", "partner_codes", "audit_entries"])
def test_a_request_neither_sees_nor_makes_anothers_rows(roles: Logins, table: str) -> None:
    with roles.become("request") as session:
        owners = set(session.scalars(text(f"SELECT organization_id FROM {table}")))
        assert owners == {roles.merchant.organization_id}


def test_a_request_cannot_write_for_another(roles: Logins) -> None:
    insert = (
        "INSERT INTO api_keys (id, organization_id, name, key_hash, hint, level) "
        f"VALUES ('{uuid4()}', '{roles.other.organization_id}', 'mine', 'mine', 'mine', 'manage')"
    )
    assert _sqlstate(roles, "request", insert) == "42501"
    with roles.become("request") as session:
        changed = session.execute(
            text("UPDATE partners SET status = 'banned' WHERE organization_id = :other RETURNING id"),
            {"other": roles.other.organization_id},
        )
        assert changed.all() == []
        session.rollback()


@pytest.mark.parametrize("who", ["request", "worker"])
def test_no_role_makes_an_event_of_the_wrong_mode_due(roles: Logins, who: str) -> None:
    with db.transaction() as session:
        session.execute(
            text("""
                INSERT INTO stripe_events (organization_id, livemode, stripe_id, type, occurred_at, payload,
                                           processed_at, outcome, is_wrong_mode)
                VALUES (:owner, false, 'evt_1', 'charge.succeeded', now(), '{}', now(), 'wrong_mode', true)
            """),
            {"owner": roles.merchant.organization_id},
        )
    assert _sqlstate(roles, who, "UPDATE stripe_events SET processed_at = NULL, outcome = NULL") == "23514"
    assert _sqlstate(roles, who, "UPDATE stripe_events SET outcome = 'accrued'") == "23514"


def test_a_login_with_more_rights_than_it_needs_is_reported(
    roles: Logins, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json")
    web, worker = roles.web.url, roles.worker.url
    for url, for_web in ((web, True), (worker, False), (worker, True), (make_url(database_url), False)):
        logins.warn_of_excess_rights(url.render_as_string(hide_password=False), for_web=for_web)
    logins.warn_of_excess_rights("postgresql+psycopg://hush:hush@127.0.0.1:1/nothing", for_web=True)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    lines = [(line["event"], line["login"], line["better"]) for line in said]
    assert lines == [
        ("database_login_too_powerful", "accrual_worker", "accrual_web"),
        ("database_login_too_powerful", "accrual", "accrual_worker"),
    ]


def _sqlstate(roles: Logins, who: str, statement: str) -> str | None:
    """What Postgres refuses the statement with, as this role; None if it does it. Nothing of it stays."""
    with roles.become(who) as session:
        try:
            session.execute(text(statement))
        except DBAPIError as refused:
            return str(getattr(refused.orig, "sqlstate", ""))
        finally:
            session.rollback()
    return None
