"""Decisions of people about which partner a payment, or everything that a customer pays, is credited to.

A decision is an attribution by the carrier `manual`. It is never closed: of all decisions that apply to a payment the
latest counts, so the record of who decided what and why stays complete. It is tied to a Stripe object, so it stays
valid when payments are re-keyed or merged.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.attribution.models import Attribution
from app.immutable import immutable
from app.partners.queries.directory import Enrollment
from app.payments.payment_rows import PaymentRow
from app.stripe_events.scope import SCOPE_SQL, Scope


@immutable
class Assignment:
    """One decision.

    Attributes:
        subject: the customer, or the invoice, PaymentIntent or charge of one payment.
        partner_id: None where no partner is to earn.
        applies_from: a customer's payments from this time on are covered; None: all of them.
        moves_paid: whether it also moves payments whose commission is paid or in a payout.
    """

    id: UUID
    subject: str
    partner_id: UUID | None
    applies_from: datetime | None
    moves_paid: bool
    decided_at: datetime
    decided_by: str
    reason: str
    bound_at: datetime

    def covers(self, paid_at: datetime) -> bool:
        """Whether the decision covers a payment of this time."""
        return self.applies_from is None or paid_at >= self.applies_from


_ANY = text("SELECT EXISTS (SELECT FROM attributions WHERE organization_id = :owner AND carrier = 'manual')")


def are_there(session: Session, organization_id: UUID) -> bool:
    """Whether this organization has any decision by hand; most have none."""
    return bool(session.scalar(_ANY, {"owner": organization_id}))


_LOAD = text(f"""
    SELECT id, subject, partner_id, applies_from, moves_paid, evident_at AS decided_at, decided_by, reason, bound_at
    FROM attributions WHERE {SCOPE_SQL} AND carrier = 'manual' AND subject = ANY(:subjects)
""")


def load(session: Session, scope: Scope, subjects: Iterable[str]) -> list[Assignment]:
    """The decisions about these objects."""
    ordered = sorted({subject for subject in subjects if subject})
    rows = session.execute(_LOAD, {**scope.parameters(), "subjects": ordered}).mappings() if ordered else ()
    return [Assignment(**row) for row in rows]


def decided(
    session: Session,
    scope: Scope,
    payments: Sequence[PaymentRow],
    members: Mapping[UUID, set[str]],
    marked: set[UUID],
) -> dict[UUID, Assignment]:
    """The decision that counts for each payment, by payment id; payments without a decision have no entry.

    Args:
        members: by payment id, the objects of its payment group.
        marked: payments without an invoice on which a name was found. A decision about a customer covers these; an
            unmarked payment may be the money of an invoice that earns already.
    """
    every = {object_id for own in members.values() for object_id in own} | {
        payment.state.customer for payment in payments
    }
    by_subject: dict[str, list[Assignment]] = {}
    for assignment in load(session, scope, every):
        by_subject.setdefault(assignment.subject, []).append(assignment)
    by_payment = {}
    for payment in payments if by_subject else ():
        about = _about(payment, members[payment.id], of_customer=payment.is_of_invoice or payment.id in marked)
        counting = latest(
            assignment
            for subject in about
            for assignment in by_subject.get(subject, ())
            if _counts(assignment, payment)
        )
        if counting is not None:
            by_payment[payment.id] = counting
    return by_payment


def latest(assignments: Iterable[Assignment]) -> Assignment | None:
    """The one of several decisions that counts."""
    return max(assignments, key=lambda assignment: (assignment.decided_at, assignment.id), default=None)


def _about(payment: PaymentRow, members: set[str], *, of_customer: bool) -> set[str]:
    """The objects that a decision about the payment may name: its money, but no other invoice that it paid."""
    other_invoices = {member for member in members if member.startswith("in_")} - {payment.state.invoice}
    return (members - other_invoices) | ({payment.state.customer} if of_customer else set())


def _counts(assignment: Assignment, payment: PaymentRow) -> bool:
    return assignment.subject != payment.state.customer or assignment.covers(payment.state.occurred_at)


def insert(
    session: Session,
    scope: Scope,
    assignment: Assignment,
    enrollment: Enrollment | None,
    snapshot_id: UUID | None,
    cause: str,
) -> None:
    """Insert a decision, which is never deleted.

    Expects the locks of its payments; it takes effect when they are settled.
    """
    row = {
        "id": assignment.id,
        **scope.parameters(),
        "partner_organization_id": enrollment.partner_organization_id if enrollment else None,
        "subject": assignment.subject,
        "program_id": enrollment.program_id if enrollment else None,
        "partner_id": assignment.partner_id,
        "snapshot_id": snapshot_id,
        "carrier": "manual",
        "name": ids.encode(ids.PARTNER, assignment.partner_id) if assignment.partner_id else "",
        "field_path": "",
        "object_id": assignment.subject,
        "stripe_event_id": cause,
        "evident_at": assignment.decided_at,
        "bound_at": assignment.bound_at,
        "applies_from": assignment.applies_from,
        "moves_paid": assignment.moves_paid,
        "decided_by": assignment.decided_by,
        "reason": assignment.reason,
    }
    bulk.insert(session, Attribution, [row])
