"""What partners have earned and what of it is owed, per currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sums over a partner's commissions in one currency, in minor units: where they stand, account by account.

    What is on its way counts as approved, so that earned = pending + approved + paid, always; a reversal of something
    paid lowers approved. Paid is before the platform's fee; `received_minor` is what arrived.
    """

    currency: str
    commission_count: int = 0
    accrued_minor: int = 0
    payable_minor: int = 0
    clearing_minor: int = 0
    received_minor: int = 0
    fee_minor: int = 0

    @property
    def pending_minor(self) -> int:
        """Earned, and not approved yet."""
        return self.accrued_minor

    @property
    def approved_minor(self) -> int:
        """Approved, and not paid yet."""
        return self.payable_minor + self.clearing_minor

    @property
    def paid_minor(self) -> int:
        """Paid, fee included."""
        return self.received_minor + self.fee_minor

    @property
    def earned_minor(self) -> int:
        """Everything the partner has earned and not lost again."""
        return self.pending_minor + self.approved_minor + self.paid_minor


# The sums on `commissions` are each one's position in the ledger, written with its postings. That table belongs to a
# package above this one, so it is read by its columns and not by its model. A commission of amount 0 was merged away
# or credited to somebody else since.
_BY_CURRENCY = text("""
    SELECT partner_id, currency, count(*) FILTER (WHERE amount_minor > 0),
           sum(accrued_minor), sum(payable_minor), sum(clearing_minor), sum(paid_minor), sum(fee_minor)
    FROM commissions WHERE partner_id = ANY(:partner_ids)
    GROUP BY partner_id, currency ORDER BY partner_id, currency
""")


def of_partners(session: Session, partner_ids: Sequence[UUID]) -> dict[UUID, list[Statistics]]:
    """The statistics of these partners in every currency they have earned in; who earned nothing is missing."""
    found: dict[UUID, list[Statistics]] = {}
    for partner_id, currency, *figures in session.execute(_BY_CURRENCY, {"partner_ids": list(partner_ids)}):
        found.setdefault(partner_id, []).append(Statistics(currency, *map(int, figures)))
    return found


def of_partner(session: Session, partner_id: UUID) -> list[Statistics]:
    """The partner's statistics in every currency it has earned in."""
    return of_partners(session, [partner_id]).get(partner_id, [])


def in_currency(every: list[Statistics], currency: str) -> Statistics:
    """The statistics in `currency`, all 0 if nothing was earned in it."""
    return next((one for one in every if one.currency == currency), Statistics(currency))
