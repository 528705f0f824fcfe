"""Nobody reaches another organization's rows, not even through a query that forgot its WHERE."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app import db, ids
from app.ledger.models import JournalEntry
from tests.cast import Merchant, open_merchant

from .conftest import Caller
from .sales import Sale, sell


@pytest.fixture
def sale(merchant: Merchant) -> Sale:
    with db.transaction() as session:
        return sell(session, merchant, "ada", 1)


def test_strangers_find_nothing_of_ours(stranger: Caller, merchant: Merchant, sale: Sale) -> None:
    ada = ids.encode("par", merchant.partners["ada"])
    for path in (
        f"/api/v1/partners/{ada}",
        f"/api/v1/partners/{ada}/commissions",
        f"/partners/{ada}/commissions",
        f"/api/v1/commissions/{sale.commission_id}/explanation",
        f"/api/v1/payments/{sale.payment_id}/explanation",
        f"/api/v1/events/{sale.event_id}",
    ):
        assert stranger.get(path).status_code == 404, path
    assert stranger.get("/api/v1/conversions", affiliate_id=ada).status_code == 404
    assert stranger.patch(f"/api/v1/partners/{ada}", {"status": "deactivated"}).status_code == 404
    assert stranger.post(f"/api/v1/events/{sale.event_id}/replay").status_code == 404
    assert stranger.get("/api/v1/partners").json["total"] == 0
    for path in ("/api/v1/conversions", "/api/v1/payments", "/api/v1/events", "/api/v1/affiliates"):
        assert stranger.get(path).json["data"] == [], path
    assert stranger.get("/commissions").json["commissions"] == []


def test_strangers_cannot_enroll_in_our_program(stranger: Caller, merchant: Merchant) -> None:
    body = {"email": "z@example.com", "slug": "z", "program_id": ids.encode("prog", merchant.program_id)}
    assert stranger.post("/api/v1/partners", body).status_code == 404


def test_rows_stay_hidden_when_a_query_forgets_its_where(merchant: Merchant, sale: Sale) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        tables = _tables_of_organizations(session)
    for table in tables:
        with db.transaction() as session:
            db.narrow_to_organizations(session, [other.organization_id])
            foreign = session.scalar(
                text(f"SELECT count(*) FROM {table} WHERE organization_id = :ours"), {"ours": merchant.organization_id}
            )
        assert foreign == 0, table
        with db.transaction() as session:
            db.narrow_to_organizations(session, [])
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    assert len(tables) > 10


def test_a_request_cannot_write_rows_for_others(merchant: Merchant) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
    take_a_code = text("INSERT INTO partner_codes (organization_id, code, partner_id) VALUES (:ours, 'mine', :ada)")
    values = {"ours": merchant.organization_id, "ada": merchant.partners["ada"]}
    with db.transaction() as session:
        db.narrow_to_organizations(session, [other.organization_id])
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(take_a_code, values)
        session.rollback()


def test_a_request_takes_nothing_out_of_the_books(merchant: Merchant, sale: Sale) -> None:
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
            db.narrow_to_organizations(session, [merchant.organization_id])
            with pytest.raises(ProgrammingError, match="permission denied"):
                session.execute(text(statement))
            session.rollback()


def test_a_request_moves_no_money_of_others(merchant: Merchant, sale: Sale) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
    with db.transaction() as session:
        db.narrow_to_organizations(session, [other.organization_id])
        for statement in ("UPDATE commissions SET accrued_minor = 1", "UPDATE payments SET base_minor = 1"):
            assert session.execute(text(statement)).rowcount == 0
        entry = JournalEntry(
            id=ids.new(),
            organization_id=merchant.organization_id,
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


def _tables_of_organizations(session: Session) -> Sequence[str]:
    return session.scalars(
        text(
            "SELECT table_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY table_name"
        )
    ).all()
