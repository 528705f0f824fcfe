"""What the ledger says, read in the tests' own SQL, in a form that two runs can be compared by.

How many entries led there is left out on purpose: the order of events may change the way, never the end.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from .stripe_stories.facts import token_in

Balances = dict[tuple[str, str | None, str], int]
"""(account kind, partner's code or None, currency) → minor units on the account's own side; nothing where it is 0."""


@dataclass(frozen=True, order=True)
class CommissionLine:
    partner: str
    currency: str
    amount_minor: int
    reversed_minor: int
    status: str


@dataclass(frozen=True, order=True)
class PaymentLine:
    kind: str
    """`invoice`, `pi` or `ch`: what its key names."""
    currency: str
    gross_minor: int
    base_minor: int
    returned_minor: int
    outcome: str


@dataclass(frozen=True)
class Books:
    """Balances, live commissions and live payments (those merged into another or credited away left out)."""

    balances: Balances
    commissions: tuple[CommissionLine, ...] = ()
    payments: tuple[PaymentLine, ...] = ()


# Debits are positive in the database; every account but the expense grows by credits.
_BALANCES = text("""
    SELECT payment.key, account.kind, partner.slug, account.currency,
           sum(CASE account.kind WHEN 'commission_expense' THEN posting.amount_minor ELSE -posting.amount_minor END)
    FROM postings AS posting
    JOIN accounts AS account ON account.id = posting.account_id
    LEFT JOIN partners AS partner ON partner.id = account.partner_id
    JOIN commissions AS commission ON commission.id = posting.commission_id
    JOIN conversions AS conversion ON conversion.id = commission.conversion_id
    JOIN payments AS payment ON payment.id = conversion.payment_id
    WHERE strpos(payment.key, :token) > 0
    GROUP BY payment.key, account.kind, partner.slug, account.currency
""")

# What is held comes from the postings, not from the commission's own sums.
_COMMISSIONS = text("""
    SELECT payment.key, partner.slug, commission.currency, commission.amount_minor,
           commission.amount_minor - coalesce(held.minor, 0), commission.status
    FROM commissions AS commission
    JOIN partners AS partner ON partner.id = commission.partner_id
    JOIN conversions AS conversion ON conversion.id = commission.conversion_id
    JOIN payments AS payment ON payment.id = conversion.payment_id
    LEFT JOIN LATERAL (
        SELECT sum(posting.amount_minor) AS minor
        FROM postings AS posting JOIN accounts AS account ON account.id = posting.account_id
        WHERE account.kind = 'commission_expense' AND posting.commission_id = commission.id
    ) AS held ON true
    WHERE strpos(payment.key, :token) > 0 AND (commission.amount_minor <> 0 OR coalesce(held.minor, 0) <> 0)
""")

_PAYMENTS = text("""
    SELECT key, split_part(key, ':', 1), currency, gross_minor, base_minor, returned_minor, outcome
    FROM payments WHERE strpos(key, :token) > 0 AND merged_into_id IS NULL
""")


def read(session: Session, token: str) -> Books:
    """The books of one story."""
    return read_all(session, token).get(token, Books({}))


def read_all(session: Session, token: str = "") -> dict[str, Books]:
    """The books of every story in the database, by its token, or of the one with this token."""
    parameters = {"token": token}
    balances: dict[str, Balances] = defaultdict(lambda: defaultdict(int))
    commissions: dict[str, list[CommissionLine]] = defaultdict(list)
    payments: dict[str, list[PaymentLine]] = defaultdict(list)
    for key, kind, partner, currency, minor in session.execute(_BALANCES, parameters):
        balances[token_in(key)][kind, partner, currency] += int(minor)
    for key, *line in session.execute(_COMMISSIONS, parameters):
        commissions[token_in(key)].append(CommissionLine(line[0], line[1], line[2], int(line[3]), line[4]))
    for key, *line in session.execute(_PAYMENTS, parameters):
        payments[token_in(key)].append(PaymentLine(*line))
    tokens = balances.keys() | commissions.keys() | payments.keys()
    return {
        token: Books(without_zeros(balances[token]), tuple(sorted(commissions[token])), tuple(sorted(payments[token])))
        for token in tokens
    }


def total(books: Iterable[Books]) -> Books:
    """Several stories' books as one."""
    balances: Balances = defaultdict(int)
    commissions: list[CommissionLine] = []
    payments: list[PaymentLine] = []
    for book in books:
        for account, minor in book.balances.items():
            balances[account] += minor
        commissions += book.commissions
        payments += book.payments
    return Books(without_zeros(balances), tuple(sorted(commissions)), tuple(sorted(payments)))


def without_zeros(balances: Mapping[tuple[str, str | None, str], int]) -> Balances:
    """Accounts that hold nothing left out, since whether one was ever opened depends on the order."""
    return {account: minor for account, minor in balances.items() if minor}


def owed(currency: str = "usd", **accrued_minor: int) -> Balances:
    """The balances when each partner named has so much accrued and nothing else ever happened."""
    balances: Balances = {("partner_accrued", code, currency): minor for code, minor in accrued_minor.items()}
    return without_zeros(balances | {("commission_expense", None, currency): sum(accrued_minor.values())})
