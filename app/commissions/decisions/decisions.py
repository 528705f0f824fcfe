"""Decisions about payments: approvals by the clock or a person, and rejections by a person."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.commissions import models
from app.immutable import immutable
from app.payments.payment_rows import PaymentRow
from app.stripe_events.scope import Scope

CLOCK: Final = "clock"


@immutable
class Decision:
    """One decision of one payment."""

    payment_id: UUID
    verdict: str
    decided_by: str
    decided_at: datetime
    """The time from which it counts: for an automatic approval the end of the holdback, even if it was made later."""
    made_at: datetime
    reason: str = ""
    is_forced: bool = False

    @property
    def is_approval(self) -> bool:
        """Whether it is an approval, not a rejection."""
        return self.verdict == "approved"

    @property
    def is_automatic(self) -> bool:
        """Whether it was made by the clock or at settlement, not by a person."""
        return self.decided_by == CLOCK

    @property
    def precedence(self) -> tuple[bool, datetime, bool, datetime]:
        """Sort key: a person's decision, then the later one, then a rejection."""
        return (not self.is_automatic, self.decided_at, not self.is_approval, self.made_at)


_DECISIONS = text("""
    SELECT payment_id, verdict, decided_by, decided_at, created_at AS made_at, reason, is_forced
    FROM decisions WHERE payment_id = ANY(:payment_ids)
""")

# One table and one index for each step; the reason is in `app/payments/models.py`. Usually the first finds nothing.
_MERGED_INTO = text("""
    SELECT id, merged_into_id FROM payments
    WHERE merged_into_id = ANY(:payment_ids) AND merged_into_id IS NOT NULL
""")


def load_effective(session: Session, payments: Iterable[PaymentRow]) -> dict[UUID, Decision]:
    """The effective decision of each payment, among its own and those of every payment merged into it."""
    settled = list(payments)
    survivors = {payment.id: payment.merged_into_id for payment in settled if payment.merged_into_id is not None}
    payment_ids = {payment.id for payment in settled if not payment.is_new}
    newly_found = payment_ids
    while newly_found:
        rows = session.execute(_MERGED_INTO, {"payment_ids": sorted(newly_found)}).all()
        newly_found = {row.id for row in rows} - payment_ids
        survivors = {row.id: row.merged_into_id for row in rows if row.id in newly_found} | survivors
        payment_ids |= newly_found
    decision_by_payment: dict[UUID, Decision] = {}
    decided = session.execute(_DECISIONS, {"payment_ids": sorted(payment_ids)}).mappings() if payment_ids else ()
    for row in decided:
        decision = Decision(**row)
        payment_id = decision.payment_id
        while True:
            decision_by_payment[payment_id] = max(
                decision_by_payment.get(payment_id, decision), decision, key=lambda candidate: candidate.precedence
            )
            if payment_id not in survivors:
                break
            payment_id = survivors[payment_id]
    return decision_by_payment


def insert(session: Session, scope: Scope, decided: Sequence[Decision]) -> None:
    """Insert decisions. Expects the locks of their payments; they take effect when the payments are settled."""
    rows = [
        {
            "id": ids.new(),
            "organization_id": scope.organization_id,
            "livemode": scope.livemode,
            "payment_id": decision.payment_id,
            "verdict": decision.verdict,
            "decided_by": decision.decided_by,
            "decided_at": decision.decided_at,
            "reason": decision.reason,
            "is_forced": decision.is_forced,
            "created_at": decision.made_at,
        }
        for decision in decided
    ]
    bulk.insert(session, models.Decision, rows)
