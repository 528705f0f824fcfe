"""The position of each payment among its customer's billing cycles, and the other payments whose position changes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.attribution import attribute
from app.attribution.attribute import PaymentCredit
from app.attribution.rules import Credit
from app.commissions.cycles import caps
from app.commissions.cycles.caps import CyclePosition
from app.commissions.cycles.cycle_names import Paid
from app.commissions.elsewhere import recorded
from app.payments import objects, payment_rows
from app.payments.payment_rows import PaymentRow
from app.payments.queries import UNATTRIBUTED
from app.programs.shapes import LIMITED_SQL
from app.stripe_events.scope import Scope
from app.stripe_sync import lookups

UNCREDITED: Final = frozenset({*UNATTRIBUTED, "merged", "out_of_band"})
"""Outcomes of payments that are credited to no partner. `waiting` is not among them, see `_is_credited`."""


_LIMITED = text(f"""
    SELECT EXISTS (SELECT FROM snapshots WHERE organization_id = :organization_id AND ({LIMITED_SQL})) AS is_limited,
           (
               SELECT true FROM customer_histories WHERE organization_id = :organization_id AND livemode = :livemode
               ORDER BY stripe_customer_id LIMIT 1
           ) AS has_histories
""")
"""The order makes the planner use the index: another owner may have a million histories."""


def load_cycle_positions(
    session: Session, scope: Scope, credited: Sequence[PaymentCredit]
) -> tuple[list[PaymentCredit], dict[UUID, CyclePosition]]:
    """The position of each payment among its customer's billing cycles, and other payments with a changed position.

    Expects the locks of the payments. Does nothing if no partner's terms set a limit.

    Effects: locks the payments' customers and subscriptions, and the payments that it adds.

    Returns:
        `credited` with the other payments whose position has changed; and the positions by payment id.
    """
    found = session.execute(_LIMITED, {"organization_id": scope.organization_id, "livemode": scope.livemode}).one()
    if not found.is_limited:
        return list(credited), {}
    touched = {each.payment.id: each.payment for each in credited}
    subjects = _subjects(touched.values())
    objects.lock(session, scope, subjects)
    stored = payment_rows.stored_of_subjects(session, scope, subjects)
    elsewhere = [_paid(row) for row in stored if row["id"] not in touched]
    histories = recorded.load(session, scope, subjects) if found.has_histories else {}
    before = caps.cycle_positions([*elsewhere, *_before(touched.values())], histories)
    now = [_now(each) for each in credited if each.payment.merged_into_id is None]
    after = caps.cycle_positions([*elsewhere, *now], histories)
    moved = [paid.id for paid in elsewhere if before[paid.id] != after[paid.id]]
    others = attribute.credit_unchanged(session, scope, _locked(session, scope, moved))
    return [*credited, *others], after


def _subjects(payments: Iterable[PaymentRow]) -> set[str]:
    """Every present and former subscription and customer of these payments."""
    found: set[str] = set()
    for payment in payments:
        found |= {payment.state.subscription, payment.state.customer}
        if payment.stored is not None:
            found |= {payment.stored["subscription"], payment.stored["customer"]}
    return found - {""}


def _before(payments: Iterable[PaymentRow]) -> list[Paid]:
    stored = [payment.stored for payment in payments if payment.stored is not None]
    return [_paid(row) for row in stored if row["merged_into_id"] is None]


def _paid(row: Mapping[str, Any]) -> Paid:
    is_credited = _is_credited(row)
    return Paid(
        row["id"],
        row["key"],
        row["subscription"],
        row["customer"],
        row["occurred_at"],
        row["base_minor"] or (_outside_minor(row["base_details"]) if is_credited else 0),
        payment_rows.billing_in(row),
        is_credited=is_credited,
    )


def _is_credited(row: Mapping[str, Any]) -> bool:
    """Whether a stored payment is credited to a partner, also if its commission rounds to zero.

    A payment that waits is credited only if it waits for the lines of a known invoice.
    """
    if row["outcome"] == "waiting":
        return bool(row["outcome_details"].get("look_up") == lookups.INVOICE_LINES)
    return row["outcome"] not in UNCREDITED


def _outside_minor(base_details: Mapping[str, Any]) -> int:
    """The base with what was paid outside Stripe; such a payment is a cycle too if the program pays for it."""
    return int(base_details.get("with_outside", {}).get("base_minor", 0))


def _now(credited: PaymentCredit) -> Paid:
    state, credit = credited.payment.state, credited.credit
    is_included = isinstance(credit, Credit) and credit.enrollment.include_out_of_band
    return Paid(
        credited.payment.id,
        state.key,
        state.subscription,
        state.customer,
        state.occurred_at,
        state.base_minor or (_outside_minor(state.base_details) if is_included else 0),
        state.billing,
        is_credited=isinstance(credit, Credit) and not state.awaits_invoice,
    )


def _locked(session: Session, scope: Scope, payment_ids: Sequence[UUID]) -> list[PaymentRow]:
    """These payments, locked before they are read."""
    if not payment_ids:
        return []
    unlocked = payment_rows.load(session, payment_ids)
    objects.lock(session, scope, {object_id for payment in unlocked for object_id in payment.object_ids})
    return [payment for payment in payment_rows.load(session, payment_ids) if payment.merged_into_id is None]
