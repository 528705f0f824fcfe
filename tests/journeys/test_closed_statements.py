"""Closed statements: their hash, their chain, and that they cannot be changed."""

import json
from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import db, ids
from app.integrity import verify
from app.partners.models import Partner
from app.statements import queries, views
from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from tests.ledger_clock import LedgerClock

from .months import close_at, owed, sell_at, statements


def test_the_hash_is_made_of_what_the_statement_documents(merchant: Merchant, clock: LedgerClock) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    close_at(clock, "2026-06-01T00:00:01")
    [closed] = statements(merchant).values()
    with db.transaction() as session:
        rows = session.execute(
            text("""
                SELECT entry.id, entry.kind, to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                       to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), account.kind, amount_minor
                FROM journal_entries AS entry JOIN postings ON entry_id = entry.id
                JOIN accounts AS account ON account.id = account_id
            """)
        ).all()
    document = {
        "schema": "accrual.statement.1",
        "id": ids.encode("stm", closed.id),
        "begins_at": "2026-05-01T00:00:00.000000Z",
        "ends_at": "2026-06-01T00:00:00.000000Z",
        "previous_hash": None,
        "postings": sorted([str(row[0]), *row[1:]] for row in rows),
    }
    written = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    assert closed.hash == sha256(written).hexdigest()


CHANGES = [
    "UPDATE statements SET paid_minor = paid_minor",
    "DELETE FROM statements",
    "TRUNCATE statements",
    "UPDATE statement_periods SET ends_at = ends_at",
    "DELETE FROM statement_periods",
    "TRUNCATE statement_periods CASCADE",
]


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("role", [db.WORKER_ROLE, None], ids=["worker", "owner"])
def test_a_closed_statement_cannot_be_changed(
    merchant: Merchant, clock: LedgerClock, database_url: str, role: str | None, statement: str
) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    close_at(clock, "2026-06-01T00:00:01")
    engine = db.create(database_url, role=role)
    refusal = "never by edit" if role is None else "permission denied"
    with engine.connect() as connection, pytest.raises(DBAPIError, match=refusal):
        connection.execute(text(statement))
    engine.dispose()


BREAKS = {
    "a hash": ("UPDATE statements SET hash = repeat('0', 64) WHERE number = 1", {verify.CHAINS, verify.STATEMENTS}),
    "a previous hash": (
        "UPDATE statements SET previous_hash = repeat('0', 64) WHERE number = 2",
        {verify.CHAINS, verify.STATEMENTS},
    ),
    "an opening": (
        "UPDATE statements SET opening_payable_minor = 7, closing_payable_minor = 7 WHERE number = 2",
        {verify.CHAINS},
    ),
    "a sum": (
        "UPDATE statements SET earned_minor = earned_minor + 1, paid_minor = paid_minor + 1 WHERE number = 1",
        {verify.STATEMENTS},
    ),
    "a number of entries": ("UPDATE statements SET entry_count = 5 WHERE number = 2", {verify.STATEMENTS}),
    "a time zone": ("UPDATE statements SET time_zone = 'Asia/Tokyo' WHERE number = 2", {verify.STATEMENTS}),
    "a time of closing": ("UPDATE statements SET closed_at = now() WHERE number = 2", {verify.STATEMENTS}),
    "the last one, without entries": ("DELETE FROM statements WHERE number = 2", {verify.CHAINS}),
    "a missing one": ("DELETE FROM statements WHERE number = 1", {verify.CHAINS, verify.STATEMENTS}),
    "a time of recording": (
        "UPDATE journal_entries SET recorded_at = recorded_at + interval '1 second'",
        {verify.STATEMENTS},
    ),
    "bounds": (
        "UPDATE statement_periods SET begins_at = begins_at - interval '1 second' WHERE month = '2026-06-01'",
        {verify.CHAINS},
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_verify_finds_a_broken_chain(merchant: Merchant, clock: LedgerClock, broken: str) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    close_at(clock, "2026-07-01T00:00:01")
    assert_ledger_sound()
    statement, rules = BREAKS[broken]
    clock.owner.execute("BEGIN; SET LOCAL session_replication_role = replica; " + statement + "; COMMIT")
    with db.transaction() as session:
        assert {breach.rule for breach in verify.verify(session)} >= rules


def test_the_running_month_is_a_preview_from_the_last_end_on(merchant: Merchant, clock: LedgerClock) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    close_at(clock, "2026-06-01T00:00:01")
    sell_at(clock, merchant, "2026-06-02T00:00:00", 2)
    with db.transaction() as session:
        partner = session.get_one(Partner, merchant.partners["ada"])
        [listed] = queries.load_previews(session, partner, livemode=False)
        preview, recorded = queries.get_preview(session, partner, "usd", livemode=False)
        assert session.scalars(text("SELECT count(*) FROM statements")).one() == 1
    may = statements(merchant)["2026-05"]
    assert (preview.begins_at, preview.number, preview.previous_hash) == (may.ends_at, 2, may.hash)
    assert (owed(preview), len(recorded)) == ((980, 2 * 980), 2)
    assert views.summary(listed, is_preview=True) == views.summary(preview, is_preview=True)
