"""What a partner has earned, per currency."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Statistics:
    """Sums over a partner's commissions in one currency, in minor units, before any platform fee.

    What is on its way counts as approved, so that earned = pending + approved + paid, always; a reversal of something
    paid lowers approved.
    """

    currency: str
    commission_count: int
    pending_minor: int
    approved_minor: int
    paid_minor: int

    @property
    def earned_minor(self) -> int:
        """Everything the partner has earned and not lost again."""
        return self.pending_minor + self.approved_minor + self.paid_minor


# The sums on `commissions` are each one's position in the ledger, written with its postings. That table belongs to a
# package above this one, so it is read by its columns and not by its model. A commission of amount 0 was merged away
# or credited to somebody else since.
_BY_CURRENCY = text("""
    SELECT currency, count(*) FILTER (WHERE amount_minor > 0),
           sum(accrued_minor), sum(payable_minor + clearing_minor), sum(paid_minor + fee_minor)
    FROM commissions WHERE partner_id = :partner_id
    GROUP BY currency ORDER BY currency
""")


def of_partner(session: Session, partner_id: UUID) -> list[Statistics]:
    """The partner's statistics in every currency it has earned in."""
    rows = session.execute(_BY_CURRENCY, {"partner_id": partner_id})
    return [Statistics(row[0], *map(int, row[1:])) for row in rows]


def in_currency(every: list[Statistics], currency: str) -> Statistics:
    """The statistics in `currency`, all 0 if nothing was earned in it."""
    return next((one for one in every if one.currency == currency), Statistics(currency, 0, 0, 0, 0))
