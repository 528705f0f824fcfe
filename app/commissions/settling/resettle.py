"""Settling payments again because something other than a Stripe event changed: a person, the clock, a mapping."""

from collections.abc import Collection, Iterable

from sqlalchemy.orm import Session

from app.attribution.attribute import attribute
from app.commissions.settling.settle import Settled, settle
from app.commissions.settling.settlement import Cause
from app.payments import objects, record
from app.stripe_events.scope import Scope


def resettle(
    session: Session,
    scope: Scope,
    object_ids: Iterable[str],
    cause: Cause,
    *,
    newly_named: Collection[str] = frozenset(),
) -> list[Settled]:
    """Bring every payment that these Stripe ids are part of to what it should be now.

    Args:
        object_ids: invoices, PaymentIntents, charges, customers, …, of `scope`; unknown ones are passed over.
        cause: what the entries are put down to, such as `request:…` or `job:…`.
        newly_named: those of the ids about which a name has been added or taken away.

    Returns:
        What happened to each payment, those that changed bindings reach included.

    Effects: locks the payment groups of the ids, as a drain does; writes what settling writes.
    """
    known = objects.lock(session, scope, object_ids)
    payments = record.assemble(session, scope, known.payment_groups())
    attributions = attribute(session, scope, known, payments, set(newly_named))
    return settle(session, scope, attributions, {}, cause)
