"""Charges that may turn out to pay an invoice: `waiting` for two days, then unattributed."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.payments import outbound_facts
from app.payments.waiting.reasons import GIVEN_UP_AFTER, INVOICE_LINK
from app.stripe_events import waits
from app.stripe_events.inbox import Outcome
from app.stripe_events.scope import SCOPE_SQL, Scope
from app.stripe_sync import lookups
from app.stripe_sync.lookups import LookupRequest

WAIT_TIME: Final = GIVEN_UP_AFTER[INVOICE_LINK]

_WITH_INVOICES = text(f"""
    SELECT DISTINCT customer FROM stripe_objects
    WHERE {SCOPE_SQL} AND customer = ANY(:customers) AND customer <> '' AND kind IN ('invoice', 'subscription')
""")


def customers_with_invoices(session: Session, scope: Scope, customers: Iterable[str]) -> set[str]:
    """Those of `customers` that are known to have an invoice or a subscription."""
    ordered = sorted(customers)
    rows = session.scalars(_WITH_INVOICES, {**scope.parameters(), "customers": ordered}) if ordered else ()
    return set(rows)


_BEGIN_WAITS = text(f"""
    UPDATE payments SET outcome = 'waiting',
                        outcome_details = jsonb_build_object(
                            'waiting_for', CAST(:reason AS text), 'look_up', CAST(:look_up AS text),
                            'object_id', coalesce(nullif(payment_intent, ''), charge))
    WHERE {SCOPE_SQL} AND customer = ANY(:customers) AND outcome = 'unattributed' AND invoice = ''
      AND created_at > now() - CAST(:wait_time AS interval)
    RETURNING charge, payment_intent, outcome_details
""")


def begin_waits(session: Session, scope: Scope, customers: Iterable[str]) -> set[LookupRequest]:
    """Set the outcome of charges to `waiting` that arrived before their customer's first invoice or subscription.

    Returns:
        The look-ups that could end the wait.
    """
    ordered = sorted(customers)
    if not ordered:
        return set()
    values = {"customers": ordered, "reason": INVOICE_LINK, "look_up": lookups.INVOICE_LINK, "wait_time": WAIT_TIME}
    begun = session.execute(_BEGIN_WAITS, {**scope.parameters(), **values}).all()
    if begun:
        details = {
            object_id: row.outcome_details
            for row in begun
            for object_id in (row.charge, row.payment_intent)
            if object_id
        }
        waits.begin(session, scope, details)
    return {LookupRequest(lookups.INVOICE_LINK, row.outcome_details["object_id"]) for row in begun}


_END_WAITS = """
    UPDATE payments SET outcome = 'unattributed', outcome_details = '{{}}'
    WHERE outcome = 'waiting' AND outcome_details ->> 'waiting_for' = :reason
      AND {which}
    RETURNING id, organization_id, account, livemode, charge, payment_intent
"""
_END_OVERDUE_WAITS = text(_END_WAITS.format(which="created_at < now() - CAST(:wait_time AS interval)"))
_END_WAIT_OF_OBJECT = text(_END_WAITS.format(which=f"{SCOPE_SQL} AND outcome_details ->> 'object_id' = :object_id"))


def end_overdue_waits(session: Session) -> None:
    """Make payments unattributed whose link to an invoice did not arrive within two days.

    A late link still merges them.
    """
    _end_events(session, session.execute(_END_OVERDUE_WAITS, {"reason": INVOICE_LINK, "wait_time": WAIT_TIME}).all())


def end_wait(session: Session, scope: Scope, object_id: str) -> None:
    """Make the payment of this PaymentIntent or charge unattributed, because it paid no invoice at Stripe."""
    values = {**scope.parameters(), "reason": INVOICE_LINK, "object_id": object_id}
    _end_events(session, session.execute(_END_WAIT_OF_OBJECT, values).all())


def _end_events(session: Session, given_up: Iterable[Any]) -> None:
    """End the wait of the events about these payments' charges and PaymentIntents as well, and record the facts."""
    by_scope: dict[Scope, list[Any]] = {}
    for row in given_up:
        by_scope.setdefault(Scope.of(row), []).append(row)
    for scope in sorted(by_scope):
        rows = by_scope[scope]
        objects = [object_id for row in rows for object_id in (row.charge, row.payment_intent) if object_id]
        waits.end(session, scope, {object_id: Outcome("unattributed") for object_id in objects})
        outbound_facts.record_unattributed(session, scope, [row.id for row in rows])
