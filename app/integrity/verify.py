"""Checks every rule of the ledger, starting from the postings, and lists the breaches."""

from typing import Final

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere import posted
from app.immutable import immutable
from app.integrity import payout_rules, referral_rules
from app.integrity.elsewhere_rules import ELSEWHERE_RULES
from app.ledger import checkpoints
from app.ledger.models import ALL_PARTNERS
from app.ledger.recorded_time import balance_checkpoints
from app.ledger.sums import ALL_DAYS
from app.money import format_money
from app.statements import verification

STATISTICS: Final = "The sums below a checkpoint are those of the postings."
BALANCES: Final = "A checkpoint of balances is what the entries recorded before it say, and lists those of its step."
CHAINS: Final = "Each statement begins where the last one ended and names its hash; none is missing, nor any month."
STATEMENTS: Final = "A closed statement has the sums, entries, hash and times that the ledger and its month have."


@immutable
class Breach:
    """A rule, and the row that breaks it."""

    rule: str
    what: str


_RULES: Final = {
    "An event is due until it has an outcome, and not after that.": """
        SELECT coalesce(event.stripe_id, due.event_id::text) AS event
        FROM stripe_events AS event FULL JOIN due_events AS due ON due.event_id = event.id
        WHERE event.id IS NULL OR (event.processed_at IS NULL) <> (due.event_id IS NOT NULL)
    """,
    "Every entry has postings, and they sum to zero.": """
        SELECT entry.id AS entry, count(posting.line) AS postings, sum(posting.amount_minor) AS sum_minor,
               min(posting.currency) AS currency
        FROM journal_entries AS entry LEFT JOIN postings AS posting ON posting.entry_id = entry.id
        GROUP BY entry.id HAVING count(posting.line) < 2 OR sum(posting.amount_minor) <> 0
    """,
    "Every entry balances for each commission and opening balance in it.": """
        SELECT entry_id AS entry, commission_id AS posted, sum(amount_minor) AS sum_minor, min(currency) AS currency
        FROM postings GROUP BY entry_id, commission_id HAVING sum(amount_minor) <> 0
    """,
    "Every posting names a commission or an opening balance.": """
        SELECT DISTINCT entry_id AS entry FROM postings WHERE commission_id IS NULL
    """,
    "An entry has one currency, that of its accounts and commissions.": """
        SELECT DISTINCT posting.entry_id AS entry
        FROM postings AS posting
        JOIN accounts AS account ON account.id = posting.account_id
        LEFT JOIN commissions AS commission ON commission.id = posting.commission_id
        WHERE posting.currency <> account.currency OR posting.currency <> commission.currency
    """,
    "Live and test money never meet: entry, account, commission, conversion and payment have one mode.": """
        SELECT DISTINCT posting.entry_id AS entry
        FROM postings AS posting
        JOIN journal_entries AS entry ON entry.id = posting.entry_id
        JOIN accounts AS account ON account.id = posting.account_id
        LEFT JOIN commissions AS commission ON commission.id = posting.commission_id
        LEFT JOIN conversions AS conversion ON conversion.id = commission.conversion_id
        LEFT JOIN payments AS payment ON payment.id = conversion.payment_id
        WHERE posting.livemode <> entry.livemode OR posting.livemode <> account.livemode
           OR posting.livemode <> commission.livemode OR posting.livemode <> conversion.livemode
           OR posting.livemode <> payment.livemode
    """,
    "A commission's sums are those of its postings.": """
        SELECT commission.id AS commission
        FROM commissions AS commission
        LEFT JOIN (
            SELECT posting.commission_id,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'partner_accrued') AS accrued,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'partner_payable') AS payable,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'payout_clearing') AS clearing,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'partner_paid') AS paid,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'platform_fee') AS fee,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'written_off') AS written_off,
                   count(DISTINCT entry_id) FILTER (WHERE entry.idempotency_key LIKE 'com\\_%') AS entries
            FROM postings AS posting
            JOIN accounts AS account ON account.id = posting.account_id
            JOIN journal_entries AS entry ON entry.id = posting.entry_id
            GROUP BY posting.commission_id
        ) AS held ON held.commission_id = commission.id
        WHERE (commission.accrued_minor, commission.payable_minor, commission.clearing_minor,
               commission.paid_minor, commission.fee_minor, commission.written_off_minor, commission.entry_count)
            IS DISTINCT FROM
              (coalesce(accrued, 0), coalesce(payable, 0), coalesce(clearing, 0), coalesce(paid, 0),
               coalesce(fee, 0), coalesce(written_off, 0), coalesce(entries, 0))
    """,
    "What the ledger keeps of a commission equals the commission, and its time is that of the first entry.": """
        SELECT posted.commission_id AS commission
        FROM posted_commissions AS posted
        LEFT JOIN commissions AS commission ON commission.id = posted.commission_id
        LEFT JOIN LATERAL (
            SELECT entry.occurred_at
            FROM postings AS posting JOIN journal_entries AS entry ON entry.id = posting.entry_id
            WHERE posting.commission_id = posted.commission_id AND entry.idempotency_key LIKE 'com\\_%\\:1' LIMIT 1
        ) AS first ON true
        WHERE posted.level IS NOT NULL
          AND (posted.organization_id, posted.livemode, posted.program_id, posted.partner_id, posted.level,
               posted.currency, posted.earned_at)
            IS DISTINCT FROM
              (commission.organization_id, commission.livemode, commission.program_id, commission.partner_id,
               commission.level, commission.currency, first.occurred_at)
    """,
    "A commission's postings lie in its own partner's and program's accounts.": """
        SELECT DISTINCT posting.commission_id AS commission
        FROM postings AS posting
        JOIN accounts AS account ON account.id = posting.account_id
        JOIN commissions AS commission ON commission.id = posting.commission_id
        WHERE account.program_id <> commission.program_id
           OR account.partner_id IS NOT NULL AND account.partner_id <> commission.partner_id
    """,
    "A commission's status follows from its sums.": """
        SELECT id AS commission, status FROM commissions
        WHERE status <> CASE
            WHEN accrued_minor + payable_minor + clearing_minor + paid_minor + fee_minor = 0
                THEN 'reversed'
            WHEN accrued_minor <> 0 THEN 'accrued'
            WHEN clearing_minor <> 0 OR (payable_minor > 0 AND paid_minor = 0) THEN 'approved'
            ELSE 'paid' END
    """,
    "A commission's amount in the ledger is what the payment's present state is worth.": """
        SELECT id AS commission, currency, (calculation ->> 'target_minor')::bigint AS target_minor,
               accrued_minor + payable_minor + clearing_minor + paid_minor + fee_minor + written_off_minor
                   AS posted_minor
        FROM commissions
        WHERE accrued_minor + payable_minor + clearing_minor + paid_minor + fee_minor + written_off_minor
            <> (calculation ->> 'target_minor')::bigint
    """,
    "What is written off of a commission or opening balance is at most what write-offs ended of it.": """
        SELECT posting.commission_id AS posted
        FROM postings AS posting
        JOIN accounts AS account ON account.id = posting.account_id AND account.kind = 'written_off'
        JOIN journal_entries AS entry ON entry.id = posting.entry_id
        GROUP BY posting.commission_id
        HAVING -sum(posting.amount_minor) NOT BETWEEN
            -coalesce(sum(greatest(posting.amount_minor, 0)) FILTER (WHERE entry.kind = 'write_off'), 0)
            AND -coalesce(sum(least(posting.amount_minor, 0)) FILTER (WHERE entry.kind = 'write_off'), 0)
    """,
    "A payment merged into another earns nothing.": """
        SELECT commission.id AS commission
        FROM commissions AS commission
        JOIN conversions AS conversion ON conversion.id = commission.conversion_id
        JOIN payments AS payment ON payment.id = conversion.payment_id
        WHERE payment.merged_into_id IS NOT NULL
          AND accrued_minor + payable_minor + clearing_minor + paid_minor + fee_minor + written_off_minor <> 0
    """,
    "An upline earns only where the partner does.": """
        SELECT upline.id AS commission
        FROM commissions AS upline
        WHERE upline.level > 0 AND upline.amount_minor > 0 AND NOT EXISTS (
            SELECT FROM commissions AS partners
            WHERE partners.conversion_id = upline.conversion_id AND partners.level = 0 AND partners.amount_minor > 0
        )
    """,
    "Nothing of one organization is posted on another's accounts.": """
        SELECT DISTINCT posting.entry_id AS entry
        FROM postings AS posting
        JOIN accounts AS account ON account.id = posting.account_id
        JOIN journal_entries AS entry ON entry.id = posting.entry_id
        WHERE posting.organization_id <> account.organization_id
           OR posting.organization_id <> entry.organization_id
    """,
}
"""Each rule with a query that returns a row for each breach: an entry or a commission, and figures of `_FIGURES`.

`posted` is a commission or an opening balance.
"""

_FIGURES: Final = {"sum_minor": "sums to", "posted_minor": "has posted", "target_minor": "is worth"}


def verify(session: Session) -> list[Breach]:
    """All breaches; an intact ledger has none. Needs a new transaction, which it sets to REPEATABLE READ READ ONLY."""
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    return breaches(session)


def breaches(session: Session) -> list[Breach]:
    """All breaches that a transaction sees; another one must not write meanwhile."""
    found = [
        Breach(rule, _place(session, row))
        for rule, query in {**_RULES, **ELSEWHERE_RULES}.items()
        for row in session.execute(text(query)).mappings().all()
    ]
    found += [Breach(STATISTICS, _day(difference)) for difference in checkpoints.differences(session)]
    found += [Breach(BALANCES, _time(difference)) for difference in balance_checkpoints.differences(session)]
    found += [Breach(rule, what) for rule, what in payout_rules.breaches(session)]
    found += [Breach(rule, what) for rule, what in referral_rules.breaches(session)]
    found += [Breach(CHAINS, what) for what in verification.broken_chains(session)]
    return found + [Breach(STATEMENTS, what) for what in verification.changed(session)]


def _place(session: Session, row: RowMapping) -> str:
    """The event, entry, commission or opening balance that breaks a rule, with its figures as money."""
    parts = [f"{kind} {row[kind]}" for kind in ("event", "entry") if row.get(kind)]
    if row.get("commission"):
        parts.append(ids.encode(ids.COMMISSION, row["commission"]))
    if row.get("opening"):
        parts.append(ids.encode(ids.OPENING_BALANCE, row["opening"]))
    if row.get("posted"):
        parts.append(posted.public_id(session, row["posted"]))
    if row.get("postings") is not None:
        parts.append("has 1 posting" if row["postings"] == 1 else f"has {row['postings']} postings")
    for name, words in _FIGURES.items():
        if row.get(name) is not None:
            parts.append(f"{words} {format_money(int(row[name]), row['currency'])}")
    if row.get("status"):
        parts.append(f"has the status {row['status']}")
    return ", ".join(parts)


def _day(difference: checkpoints.Difference) -> str:
    whose = "all partners" if difference.partner_id == ALL_PARTNERS else ids.encode(ids.PARTNER, difference.partner_id)
    when = {ALL_DAYS: "on all days", 1: f"on {difference.day}"}.get(
        difference.days, f"in the {difference.days} days from {difference.day}"
    )
    return f"{whose} {when} in {difference.currency.upper()}"


def _time(difference: balance_checkpoints.Difference) -> str:
    whose, currency = ids.encode(ids.PARTNER, difference.partner_id), difference.currency.upper()
    when = f"before {difference.recorded_before}" if difference.recorded_before else "after the last checkpoint"
    return f"{whose} {when} in {currency}"


_IMBALANCE = text("SELECT coalesce(sum(amount_minor), 0)::bigint FROM postings")


def imbalance_minor(session: Session) -> int:
    """The sum of all postings, in minor units of all currencies; anything but 0 is a bug."""
    return int(session.scalar(_IMBALANCE) or 0)
