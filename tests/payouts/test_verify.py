"""Verification finds whatever of a payout was changed behind the ledger's back."""

import re

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app import db
from app.integrity import payout_rules, verify
from tests.ledger.test_verify import Tamper, tamper

from .till import Till

__all__ = ["tamper"]

LINES, POSTED, RUNS = payout_rules.LINES, payout_rules.POSTED, payout_rules.RUNS
STEPS, FILES = payout_rules.STEPS, payout_rules.FILES
OTHER_COMMISSION = """
    UPDATE payout_lines AS line SET commission_id = (SELECT id FROM commissions WHERE id <> ALL (
        SELECT commission_id FROM payout_lines WHERE payout_id = line.payout_id) LIMIT 1)
    WHERE commission_id = (SELECT commission_id FROM payout_lines ORDER BY commission_id LIMIT 1)
"""
TAMPERINGS = {
    "a payout's gross": (
        "UPDATE payouts SET gross_minor = gross_minor + 1, net_minor = net_minor + 1",
        {LINES, POSTED, RUNS, FILES},
    ),
    "a payout's status": ("UPDATE payouts SET status = 'failed' WHERE status = 'paid'", {POSTED, STEPS}),
    "a payout pending again": ("UPDATE payouts SET status = 'pending' WHERE status = 'paid'", {POSTED, STEPS, RUNS}),
    "a failed payout canceled": ("UPDATE payouts SET status = 'canceled' WHERE status = 'failed'", {POSTED}),
    "a payout sent without its file": (
        "UPDATE payouts SET status = 'sent', sent_at = now() WHERE status = 'pending'",
        {FILES},
    ),
    "a payout sent at no time": ("UPDATE payouts SET status = 'sent' WHERE status = 'pending'", {STEPS, FILES}),
    "a pending payout that was sent": ("UPDATE payouts SET sent_at = now() WHERE status = 'pending'", {STEPS}),
    "a payout paid at no time": ("UPDATE payouts SET paid_at = NULL WHERE status = 'paid'", {STEPS}),
    "a payout of the other mode": ("UPDATE payouts SET livemode = NOT livemode", {RUNS, FILES}),
    "a payout out of its file": ("UPDATE payouts SET file_id = NULL WHERE status = 'pending'", {FILES}),
    "a file whose download sent nothing": (
        "UPDATE payout_files SET downloaded_at = now(), downloaded_by = 'cli' WHERE status = 'current'",
        {FILES},
    ),
    "a run that ended early": ("UPDATE payout_runs SET (status, finished_at) = ('completed', now())", {RUNS}),
    "a return forgotten": ("UPDATE payouts SET status = 'paid' WHERE status = 'returned'", {LINES, POSTED}),
    "a payout's count": ("UPDATE payouts SET commission_count = 7", {LINES}),
    "what came back": (
        "UPDATE payouts SET (returned_net_minor, returned_gross_minor, returned_fee_minor) = (1, 1, 0)",
        {LINES, POSTED},
    ),
    "a return's amount": ("UPDATE payout_returns SET net_minor = net_minor + 1", {LINES}),
    "a line's gross": ("UPDATE payout_lines SET gross_minor = gross_minor + 1", {LINES, POSTED}),
    "a line gone": ("DELETE FROM payout_lines", {LINES, POSTED}),
    "a line of another commission": (OTHER_COMMISSION, {POSTED}),
    "an entry's payout": (
        "UPDATE journal_entries SET idempotency_key = 'pyt_nothing:' || id WHERE kind = 'payout_paid'",
        {POSTED},
    ),
    "an entry's kind": ("UPDATE journal_entries SET kind = 'payout_failed' WHERE kind = 'payout'", {POSTED}),
    "a payout of no run": (
        "UPDATE payout_run_items SET payout_id = gen_random_uuid() WHERE state = 'reserved'",
        {RUNS},
    ),
    "a payout to another partner": (
        "UPDATE payouts SET partner_id = (SELECT id FROM partners WHERE slug = 'dan')",
        {RUNS},
    ),
}


@pytest.fixture
def paid(till: Till) -> None:
    """A payout under way, one that was paid, one that failed and one of which a part came back; with a fee."""
    till.sets(platform_fee_bps=500)
    for code in ("ada", "ben"):
        till.owes(code, 4900, 1900)
    first = {payout["partner_id"]: payout["id"] for payout in till.runs()["payouts"]}
    till.did(first[till.partner("ada")], "confirm")
    till.did(first[till.partner("ben")], "fail", reason="no such account")
    second = till.runs()["payouts"][0]["id"]
    till.did(second, "confirm")
    till.did(second, "return", amount_cents=700, reason="sent back")
    till.owes("ada", 2900)
    till.runs()


@pytest.mark.usefixtures("paid")
def test_untouched_payouts_are_sound() -> None:
    with db.transaction() as session:
        assert verify.verify(session) == []


@pytest.mark.usefixtures("paid")
def test_manual_change_of_a_payout_is_found(database_url: str) -> None:
    engine = create_engine(database_url)
    for what, (statement, rules) in TAMPERINGS.items():
        with Session(engine) as session:  # nothing is committed
            session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text(statement))
            found = list(payout_rules.breaches(session))
        assert {breach.rule for breach in found} == rules, what
        assert all(breach.what.startswith(("pyt_", "pyf_")) for breach in found), what
    engine.dispose()


@pytest.mark.usefixtures("paid")
def test_verify_lists_the_payout_and_the_commission(tamper: Tamper) -> None:
    tamper(TAMPERINGS["a line's gross"][0])
    with db.transaction() as session:
        found = [breach.what for breach in verify.verify(session) if breach.rule == POSTED]
    assert found
    assert all(re.fullmatch(r"pyt_\w{26}, com_\w{26}", what) for what in found)
