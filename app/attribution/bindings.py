"""The bindings of customers and subscriptions to partners: loads them, and changes them after new evidence.

A customer is bound by its earliest credited payment or session. A subscription is bound with its customer, whatever its
own metadata says later: one customer, one partner. Only a subscription whose customer no event has named yet is bound
by its own evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.attribution import occasions, rules
from app.attribution.models import Attribution
from app.attribution.rules import Binding, Name
from app.partners.queries import directory
from app.payments import objects
from app.payments.facts import Kind
from app.payments.objects import LockedObjects
from app.payments.payment_rows import PaymentRow
from app.stripe_events.scope import SCOPE_SQL, Scope

_LOAD = text(f"""
    SELECT id, subject, program_id, partner_id, partner_organization_id, snapshot_id,
           carrier, name, field_path, object_id, stripe_event_id,
           session_id, touchpoint_id, evident_at, bound_at, bound_since, rival
    FROM attributions
    WHERE {SCOPE_SQL} AND subject = ANY(:subjects) AND superseded_at IS NULL AND carrier <> 'manual'
""")


def load(session: Session, scope: Scope, subjects: Iterable[str]) -> dict[str, Binding]:
    """The current bindings of `subjects`, by subject."""
    ordered = sorted({subject for subject in subjects if subject})
    rows = session.execute(_LOAD, {**scope.parameters(), "subjects": ordered}) if ordered else ()
    return {row.subject: _binding(row) for row in rows}


def _binding(row: Any) -> Binding:
    name = Name(
        row.object_id,
        row.carrier,
        row.name,
        row.field_path,
        row.stripe_event_id,
        row.evident_at,
        session_id=row.session_id,
        touchpoint_id=row.touchpoint_id,
    )
    return Binding(
        row.id,
        row.subject,
        row.program_id,
        row.partner_id,
        row.partner_organization_id,
        row.snapshot_id,
        name,
        row.bound_at,
        row.bound_since,
        row.rival,
    )


def rebind(
    session: Session, scope: Scope, locked: LockedObjects, payments: Sequence[PaymentRow]
) -> tuple[dict[str, Binding], set[str]]:
    """Find the bindings again that the facts and names in `locked` may change.

    Args:
        session: holds the locks of `locked`.
        scope: where the objects belong.
        locked: the objects touched.
        payments: the payments of these objects, not written yet.

    Returns:
        The bindings of the payments' customers, subscriptions and own objects, by subject; and the subjects whose
        binding has changed.

    Effects: locks the subjects; writes attributions.
    """
    unmerged = [payment for payment in payments if payment.merged_into_id is None]
    bound_by_evidence, bound_with_customer = _subjects_of(locked, unmerged)
    bindings = load(
        session,
        scope,
        {*bound_by_evidence, *bound_with_customer}.union(*(payment.object_ids for payment in unmerged)),
    )
    stale = _stale(session, scope, locked, unmerged, bound_by_evidence, bound_with_customer, bindings)
    if unnamed := stale - locked.objects.keys():
        # A link between an invoice and a charge names no customer, but may bring the evidence that binds one.
        objects.lock(session, scope, unnamed)
        bindings = {
            **{subject: bindings[subject] for subject in bindings.keys() - unnamed},
            **load(session, scope, unnamed),
        }
    changed = _find_again(session, scope, stale, payments, bindings) if stale else {}
    bindings = with_changes(bindings, changed)
    # Close the bindings that subscriptions had until their customer became known, so that the open rows depend only on
    # the facts known, not on their order.
    released = dict.fromkeys(bound_with_customer.keys() & bindings.keys(), None)
    return with_changes(bindings, insert_changed(session, scope, bindings, released)), set(changed)


def with_changes(bindings: Mapping[str, Binding], changed: Mapping[str, Binding | None]) -> dict[str, Binding]:
    """`bindings` with `changed` in place of those of the same subjects."""
    both = {**bindings, **changed}
    return {subject: binding for subject, binding in both.items() if binding is not None}


def _subjects_of(locked: LockedObjects, payments: Iterable[PaymentRow]) -> tuple[set[str], dict[str, str]]:
    """The subjects whose binding may change: of these payments, of the sessions seen, and newly named objects.

    Returns:
        The subjects that evidence binds: customers, and subscriptions without a known customer. And the subscriptions
        that are bound with their customer, each with that customer.
    """
    pairs = {(payment.state.subscription, payment.state.customer) for payment in payments}
    for stored in locked.objects.values():
        if stored.kind == Kind.SUBSCRIPTION and stored.id in locked.newly_named:
            pairs.add((stored.id, stored.customer))
        elif stored.kind == Kind.CUSTOMER and stored.id in locked.newly_named:
            pairs.add(("", stored.id))
        elif stored.kind == Kind.SESSION or stored.id in locked.newly_named:
            pairs.add((stored.subscription, stored.customer))
        elif stored.root in locked.relinked:
            # The payment may be of another customer now.
            pairs.add(("", stored.customer))
    customers = {known.id: known.customer for known in locked.objects.values() if known.kind == Kind.SUBSCRIPTION}
    # Of several customers the last in this order counts, so that no order of events matters.
    owners = {subscription: customer or customers.get(subscription, "") for subscription, customer in sorted(pairs)}
    bound_with_customer = {
        subscription: customer for subscription, customer in owners.items() if subscription and customer
    }
    bound_by_evidence = {customer for _, customer in pairs} | set(bound_with_customer.values())
    bound_by_evidence |= {subscription for subscription in owners if subscription not in bound_with_customer}
    return bound_by_evidence - {""}, bound_with_customer


def _stale(
    session: Session,
    scope: Scope,
    locked: LockedObjects,
    payments: Iterable[PaymentRow],
    bound_by_evidence: set[str],
    bound_with_customer: Mapping[str, str],
    bindings: Mapping[str, Binding],
) -> set[str]:
    """The subjects bound by evidence whose binding must be found again.

    These are unbound subjects with evidence, newly named subjects, subjects with a payment that may be earlier than the
    one that binds, and subjects with a checkout session that may bind, or that bound until its payment arrived. A
    renewal of a bound customer is none of these; this keeps renewals fast.
    """
    stale = occasions.with_evidence(session, scope, bound_by_evidence - bindings.keys())
    moved = locked.relinked | {known.root for known in locked.objects.values() if known.id in locked.newly_named}
    for stored in locked.objects.values():
        if stored.root in moved:
            stale |= {stored.id, stored.subscription, stored.customer, bound_with_customer.get(stored.id, "")}
    times: dict[str, set[datetime]] = {}
    for payment in payments:
        times.setdefault(payment.root, set()).add(payment.state.occurred_at)
        for subject in (payment.state.subscription, payment.state.customer):
            bound = bindings.get(subject)
            if bound is not None and _may_come_before(payment, bound):
                stale |= {subject, bound_with_customer.get(subject, "")}
    for stored in locked.objects.values():
        if stored.kind == Kind.SESSION and stored.stated_at is not None:
            owners = {stored.subscription, stored.customer} & bindings.keys()
            stale |= {owner for owner in owners if bindings[owner].bound_at not in times.get(stored.root, ())}
    return stale & bound_by_evidence


def _may_come_before(payment: PaymentRow, bound: Binding) -> bool:
    """Whether the payment may bind instead of the payment that binds now.

    It is older; or it is new or its time has changed, and it is equally old or is the binding payment itself.
    """
    now = payment.state.occurred_at
    before = payment.stored["occurred_at"] if payment.stored else None
    return now < bound.bound_at if before == now else min(now, before or now) <= bound.bound_at


def _find_again(
    session: Session,
    scope: Scope,
    subjects: Iterable[str],
    payments: Sequence[PaymentRow],
    bindings: Mapping[str, Binding],
) -> dict[str, Binding | None]:
    """Find the bindings of `subjects` again and insert those that changed; returns what `insert_changed` does."""
    ordered = sorted(subjects)
    by_subject = occasions.load(session, scope, ordered, payments)
    partners = directory.load_directory(session, scope.organization_id, names=by_subject.names)
    new_bindings = {
        subject: rules.find_binding(subject, by_subject.of(subject), partners, former=bindings.get(subject))
        for subject in ordered
    }
    return insert_changed(session, scope, bindings, new_bindings)


_SUPERSEDE = text("UPDATE attributions SET superseded_at = now() WHERE id = ANY(:ids)")


def insert_changed(
    session: Session, scope: Scope, former: Mapping[str, Binding], new_bindings: Mapping[str, Binding | None]
) -> dict[str, Binding | None]:
    """Insert the new binding of each subject where it differs from the known one, and close the known one.

    Returns:
        The changed bindings by subject; None for a subject that evidence credits to no partner any more.
    """
    changed: dict[str, Binding | None] = {}
    for subject, binding in new_bindings.items():
        before = former.get(subject)
        if binding is None and before is not None:
            changed[subject] = None
        elif binding is not None and (before is None or not before.credits_same_as(binding)):
            is_same_partner = before is not None and before.partner_id == binding.partner_id
            since = before.bound_since if before is not None and is_same_partner else datetime.now(UTC)
            changed[subject] = replace(binding, bound_since=since)
    closed = [former[subject].id for subject in changed if subject in former]
    if closed:
        session.execute(_SUPERSEDE, {"ids": closed})
    bulk.insert(session, Attribution, [_row(scope, binding) for binding in changed.values() if binding is not None])
    return changed


def _row(scope: Scope, binding: Binding) -> dict[str, Any]:
    return {
        "id": binding.id,
        **scope.parameters(),
        "partner_organization_id": binding.partner_organization_id,
        "subject": binding.subject,
        "program_id": binding.program_id,
        "partner_id": binding.partner_id,
        "snapshot_id": binding.snapshot_id,
        "carrier": binding.name.carrier,
        "name": binding.name.name,
        "field_path": binding.name.field_path,
        "object_id": binding.name.object_id,
        "stripe_event_id": binding.name.stripe_event_id,
        "session_id": binding.name.session_id,
        "touchpoint_id": binding.name.touchpoint_id,
        "evident_at": binding.name.evident_at,
        "bound_at": binding.bound_at,
        "bound_since": binding.bound_since,
        "rival": binding.rival,
    }
