"""No request reaches rows of another organization, even if a query forgot its WHERE: row-level security prevents it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app import db, ids
from app.ledger.models import JournalEntry
from tests.api.sales import Sale, sell
from tests.cast import Merchant, open_merchant

from .stored import fingerprint, tables_of_organizations
from .world import World

WITHOUT_REQUESTS: frozenset[str] = frozenset({"email_confirmations"})
"""Tables of organizations that no request may see anything of."""

PERSONS: Final = {"people": "id", "mail_preferences": "person_id"}
"""Tables about people, who may be in several organizations, with the column that names the person."""

_READABLE = text("""
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND has_table_privilege(:role, oid, 'SELECT')
    ORDER BY relname
""")

_POLICIES = text("""
    SELECT tablename, policyname, permissive, cmd, qual, with_check FROM pg_policies
    WHERE schemaname = 'public' AND 'accrual_request' = ANY (roles)
""")

_OF_A_MODE = text("""
    SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'livemode'
""")

_LENT = text("""
    SELECT proname FROM pg_proc
    WHERE prosecdef AND pronamespace = 'public'::regnamespace AND prorettype <> 'trigger'::regtype
      AND has_function_privilege(:role, oid, 'EXECUTE')
""")
"""Functions that a request may run with the rights of their owner."""

_POWERFUL = text("""
    SELECT rolname FROM pg_roles
    WHERE rolname IN ('accrual_worker', 'accrual_request')
      AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin
           OR EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid))
""")


@pytest.fixture
def sale(merchant: Merchant) -> Sale:
    with db.transaction() as session:
        return sell(session, merchant, "ada", 1)


def test_rows_stay_hidden_when_a_query_has_no_where(world: World) -> None:
    """Every table read whole, as its neighbours may: a request shows the rows of its own organizations only."""
    with db.transaction() as session:
        tables = tables_of_organizations(session)
        filled = set(fingerprint(session, world.shop.organization_id)) - {"organizations"}
    for who in ("stranger", "sister", "daughter", "ada"):
        assert _owners(tables, [world.organization_ids[who]]) <= {world.organization_ids[who]}, who
    assert _owners(tables, []) == set()
    family = [world.organization_ids[who] for who in ("mother", "owner")]
    assert world.shop.organization_id in _owners(tables, family)
    assert len(filled) > 15


def test_a_partners_organization_sees_its_own_enrollment_and_what_it_earned(world: World) -> None:
    """Never evidence, events, payments or customers, and nothing of another partner."""
    ada = world.shop.partners["ada"]
    with db.transaction() as session:
        db.narrow_to_affiliate(session, world.organization_ids["ada"], livemode=False)
        seen = {
            table: session.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in readable_tables(session)
            if table != "alembic_version"
        }
        for table in (
            "applications",
            "snapshots",
            "conversions",
            "commissions",
            "partner_codes",
            "statements",
            "opening_balances",
        ):
            assert set(session.scalars(text(f"SELECT partner_id FROM {table}"))) == {ada}, table
        assert session.scalars(text("SELECT id FROM partners")).all() == [ada]
    visible = {table for table, count in seen.items() if count}
    brands = {"program_brands", "program_logos", "application_forms", "agreements"}
    brands |= {"applications", "agreement_acceptances"}
    earned = {"conversions", "commissions", "statements", "opening_balances"}
    assert visible == {"partners", "partner_codes", "snapshots", "programs", "terms"} | brands | earned


def test_every_table_that_requests_may_read_is_under_row_security(database: Engine) -> None:
    with db.transaction() as session:
        guarded = set(session.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity")))
        owned = {*tables_of_organizations(session), "organizations"}
        assert owned <= guarded
        assert set(readable_tables(session)) - guarded <= {"alembic_version"}


def test_row_policies_of_requests_compare_organizations_or_enrollments(database: Engine) -> None:
    """Each policy of the request role says one of these and nothing else."""
    own = r"\((organization_id|id) = ANY \(.*visible_organizations\(\).*\)\)"
    enrolled = r"\((id|partner_id|program_id) = ANY \(.*own_(partners|programs)\(\).*\)\)"
    listed = r"\(payout_id IN \( SELECT payouts\.id FROM payouts"
    listed += r" WHERE \(payouts\.partner_id = ANY \(.*own_partners\(\).*\)\)\)\)"
    itself = r"\(\(partner_organization_id = .*calling_affiliate\(\).*named_partner\(\).*\)"
    written = r"\((partner_id|organization_id) = \( SELECT (calling_partner|calling_partners_owner)\(\).*\)\)"
    written += (
        r"|\(\(partner_organization_id = .*calling_affiliate\(\).*organization_id = .*calling_partners_owner\(\).*\)"
    )
    mode = r"\(.*livemode = \( SELECT visible_livemode\(\).*\)\)|\(run_id IN \( SELECT stripe_runs.id.*\)\)"
    below = r"\(parent_id = ANY \(.*visible_organizations\(\).*\)\)"
    with db.transaction() as session:
        policies = session.execute(_POLICIES).all()
        owned = {*tables_of_organizations(session), "organizations"}
    kinds: dict[str, set[str]] = {"own": set(), "partner": set(), "below": set(), "mode": set(), "written": set()}
    for policy in policies:
        sentence = " ".join((policy.qual or policy.with_check).split())
        if policy.policyname == "mode":
            kinds["mode"].add(policy.tablename)
            assert (policy.permissive, policy.cmd) == ("RESTRICTIVE", "ALL"), policy
            assert re.fullmatch(mode, sentence), policy
        elif policy.permissive == "RESTRICTIVE":
            kinds["below"].add(policy.tablename)
            assert re.fullmatch(below, sentence), policy
        elif policy.policyname in {"partner_writes", "partner_adds"}:
            kinds["written"].add(policy.tablename)
            assert re.fullmatch(written, sentence), policy
        elif policy.tablename in PERSONS:  # seen by the organizations that the person is in
            assert policy.cmd == "SELECT", policy
            assert sentence == f"({PERSONS[policy.tablename]} IN ( SELECT memberships.person_id FROM memberships))", (
                policy
            )
        elif re.fullmatch(own, sentence):
            kinds["own"].add(policy.tablename)
        else:
            kinds["partner"].add(policy.tablename)
            assert policy.cmd == "SELECT", policy
            assert re.fullmatch(f"{enrolled}|{listed}|{itself}", sentence), policy
    assert owned - kinds["own"] == WITHOUT_REQUESTS
    assert kinds["below"] == {"organizations"}
    assert kinds["written"] == {
        *("payout_methods", "connected_accounts", "outbound_endpoints", "promotion_code_requests", "audit_entries"),
        "agreement_acceptances",
    }
    with db.transaction() as session:
        have_a_mode = set(session.scalars(_OF_A_MODE))
    assert kinds["mode"] == (have_a_mode - {"api_keys"}) | {"drifts"}


def test_no_role_of_the_application_bypasses_row_security(database: Engine) -> None:
    with db.transaction() as session:
        assert session.execute(_POWERFUL).all() == []
        assert session.scalars(_LENT, {"role": db.REQUEST_ROLE}).all() == []


def test_a_request_cannot_write_rows_for_others(merchant: Merchant) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
    take_a_code = text("INSERT INTO partner_codes (organization_id, code, partner_id) VALUES (:ours, 'mine', :ada)")
    values = {"ours": merchant.organization_id, "ada": merchant.partners["ada"]}
    with db.transaction() as session:
        db.narrow_to_organizations(session, [other.organization_id], livemode=False)
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(take_a_code, values)
        session.rollback()


def test_request_role_cannot_delete_or_change_posted_rows(merchant: Merchant, sale: Sale) -> None:
    """It settles what a person decides, by adding; it may neither delete nor change what was posted."""
    for statement in (
        "DELETE FROM commissions",
        "DELETE FROM postings",
        "UPDATE postings SET amount_minor = 1",
        "UPDATE journal_entries SET details = '{}'",
        "TRUNCATE postings",
        "DELETE FROM decisions",
        "UPDATE decisions SET verdict = 'approved'",
        "DELETE FROM stripe_objects",
        "DELETE FROM stripe_events",
    ):
        with db.transaction() as session:
            db.narrow_to_organizations(session, [merchant.organization_id], livemode=False)
            with pytest.raises(ProgrammingError, match="permission denied"):
                session.execute(text(statement))
            session.rollback()


def test_request_role_changes_no_money_of_other_organizations(merchant: Merchant, sale: Sale) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
    with db.transaction() as session:
        db.narrow_to_organizations(session, [other.organization_id], livemode=False)
        for statement in ("UPDATE commissions SET accrued_minor = 1", "UPDATE payments SET base_minor = 1"):
            assert session.execute(text(statement)).rowcount == 0
        entry = JournalEntry(
            id=ids.new(),
            organization_id=merchant.organization_id,
            livemode=False,
            kind="accrual",
            idempotency_key="theirs",
            occurred_at=datetime.now(UTC),
            cause="request:r1",
            details={},
        )
        session.add(entry)
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.flush()
        session.rollback()


def readable_tables(session: Session) -> Sequence[str]:
    """Every table that a request may read a row of."""
    return session.scalars(_READABLE, {"role": db.REQUEST_ROLE}).all()


def _owners(tables: Sequence[str], organization_ids: Sequence[UUID]) -> set[UUID]:
    """Whose rows a request of these organizations sees in all the tables together."""
    with db.transaction() as session:
        readable = set(readable_tables(session)) & set(tables)
        db.narrow_to_organizations(session, organization_ids, livemode=False)
        every = " UNION ".join(f"SELECT organization_id FROM {table}" for table in sorted(readable))
        return set(session.scalars(text(every)))
