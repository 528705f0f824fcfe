"""What Accrual's rows and postings say of commissions and payouts, compared with the oracle."""

from collections import Counter
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db, ids
from tests.properties.oracle_payouts import POTS

from .year import Year

POT_OF = {
    "partner_accrued": "accrued",
    "partner_payable": "payable",
    "payout_clearing": "clearing",
    "partner_paid": "paid",
    "platform_fee": "fee",
    "written_off": "ended",
}

_POTS = text("""
    SELECT posting.commission_id, account.kind, -sum(posting.amount_minor)::bigint AS minor
    FROM postings AS posting JOIN accounts AS account ON account.id = posting.account_id
    GROUP BY posting.commission_id, account.kind HAVING sum(posting.amount_minor) <> 0
""")
_COLUMNS = text("""
    SELECT id, accrued_minor AS accrued, payable_minor AS payable, clearing_minor AS clearing, paid_minor AS paid,
           fee_minor AS fee, written_off_minor AS ended, status, paid_at IS NOT NULL AS is_paid
    FROM commissions
    UNION ALL
    SELECT id, 0, payable_minor, clearing_minor, paid_minor, fee_minor, written_off_minor, NULL, paid_at IS NOT NULL
    FROM opening_balances
""")
_OF_ACCOUNTS = text("""
    SELECT account.currency, account.kind, sum(posting.amount_minor)::bigint AS minor
    FROM postings AS posting JOIN accounts AS account ON account.id = posting.account_id
    GROUP BY account.currency, account.kind
""")
PAYOUTS = text("""
    SELECT payout.id, partner.slug AS partner, payout.currency, payout.status, payout.gross_minor, payout.fee_minor,
           payout.net_minor, payout.returned_net_minor
    FROM payouts AS payout JOIN partners AS partner ON partner.id = payout.partner_id
""")
_LINES = text("SELECT payout_id, commission_id, gross_minor, fee_minor FROM payout_lines")
_STEPS = text("""
    SELECT split_part(entry.idempotency_key, ':', 1) AS payout_id, account.kind,
           -sum(posting.amount_minor)::bigint AS minor
    FROM journal_entries AS entry JOIN postings AS posting ON posting.entry_id = entry.id
    JOIN accounts AS account ON account.id = posting.account_id
    WHERE entry.idempotency_key LIKE 'pyt\\_%'
    GROUP BY 1, 2
""")


def compare(year: Year) -> None:
    """What is posted and what the rows say are what the oracle says, of every commission and payout."""
    with db.transaction() as session:
        postings, columns, states = pots_of(session), columns_of(session), states_of(session)
        totals = session.execute(_OF_ACCOUNTS).all()
        payouts = {row.id: row for row in session.execute(PAYOUTS)}
        steps_of: dict[str, Counter[str]] = {}
        for row in session.execute(_STEPS):
            steps_of.setdefault(row.payout_id, Counter())[row.kind] = row.minor
        lines: dict[Any, set[tuple[str, int, int]]] = {}
        for row in session.execute(_LINES):
            lines.setdefault(row.payout_id, set()).add((str(row.commission_id), row.gross_minor, row.fee_minor))
    said = "\n".join(year.plot)
    expected = {one.id: without_zeros(one.pots) for one in year.commissions}
    assert postings == {key: pots for key, pots in expected.items() if pots}, said
    assert columns == expected, said
    assert states == {
        one.id: (None if one in year.brought_in else one.status, bool(one.pots["paid"] or one.pots["fee"]))
        for one in year.commissions
    }, said
    for currency in {row.currency for row in totals}:
        of_currency = {row.kind: row.minor for row in totals if row.currency == currency}
        expense = of_currency.pop("commission_expense", 0)
        assert expense == -sum(of_currency.values()), said
    assert payouts.keys() == year.payouts.keys(), said
    for payout_id, payout in year.payouts.items():
        row, posted = payouts[payout_id], steps_of[ids.encode(ids.PAYOUT, payout_id)]
        amounts = (row.status, row.gross_minor, row.fee_minor, row.net_minor, row.returned_net_minor)
        assert amounts == (
            payout.status,
            payout.gross_minor,
            payout.fee_minor,
            payout.net_minor,
            payout.back_minor,
        ), said
        assert lines[payout_id] == {(line.commission.id, line.gross_minor, line.fee_minor) for line in payout.lines}, (
            said
        )
        is_under_way, is_paid = payout.status == "pending", payout.status in ("paid", "returned")
        assert posted["payout_clearing"] == (payout.gross_minor if is_under_way else 0), said
        assert posted["partner_paid"] == (payout.net_minor - payout.back_minor if is_paid else 0), said


def pots_of(session: Session) -> dict[str, dict[str, int]]:
    """What stands in each commission's accounts, by its postings; nothing where all is 0."""
    found: dict[str, dict[str, int]] = {}
    for row in session.execute(_POTS):
        pots = found.setdefault(str(row.commission_id), {})
        if row.kind in POT_OF:
            pots[POT_OF[row.kind]] = row.minor
        else:
            pots["expense"] = row.minor
    for pots in found.values():
        assert pots.pop("expense", 0) == -sum(pots.values()), pots
    return {key: pots for key, pots in found.items() if pots}


def columns_of(session: Session) -> dict[str, dict[str, int]]:
    """What the rows of commissions and opening balances say of the same."""
    return {
        str(row["id"]): without_zeros({pot: row[pot] for pot in POTS}) for row in session.execute(_COLUMNS).mappings()
    }


def states_of(session: Session) -> dict[str, tuple[str | None, bool]]:
    """The status of each commission (None of an opening balance), and whether it has a time of payment."""
    return {str(row.id): (row.status, row.is_paid) for row in session.execute(_COLUMNS)}


def without_zeros(pots: Any) -> dict[str, int]:
    return {pot: minor for pot, minor in pots.items() if minor}
