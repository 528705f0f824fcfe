"""Credits each payment to a partner or to none, and finds the other payments that a changed binding affects."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from app.attribution import bindings, by_hand, evidence, occasions, rules
from app.attribution.rules import Binding, Credit, NoCredit
from app.immutable import immutable
from app.partners.queries import directory
from app.partners.queries.directory import Directory
from app.payments import objects, payment_rows
from app.payments.objects import LockedObjects
from app.payments.payment_rows import PaymentRow
from app.payments.state.payment_group import KnownObject, money_of_other_invoices
from app.stripe_events.scope import Scope


@immutable
class PaymentCredit:
    """A payment and the partner credited with it; a payment merged into another is credited to no partner."""

    payment: PaymentRow
    credit: Credit | NoCredit


def attribute(
    session: Session, scope: Scope, locked: LockedObjects, payments: Sequence[PaymentRow]
) -> list[PaymentCredit]:
    """Bind customers and subscriptions by new evidence, and credit every payment that it concerns.

    Args:
        session: holds the locks of `locked`.
        scope: where the objects belong.
        locked: the objects touched.
        payments: the payments of these objects, not written yet.

    Returns:
        `payments`, and the other payments of customers and subscriptions whose binding changed.

    Effects: writes attributions; locks those other payments.
    """
    bound, changed = bindings.rebind(session, scope, locked, payments)
    affected = _affected(session, scope, changed, {payment.id for payment in payments})
    bound = {**bindings.load(session, scope, _subjects(affected) - bound.keys()), **bound}
    unmerged = [payment for payment in payments if payment.merged_into_id is None]
    credited = _credit(session, scope, locked.objects, [*unmerged, *affected], bound)
    return [PaymentCredit(payment, credited.get(payment.id, NoCredit())) for payment in (*payments, *affected)]


def credit_unchanged(session: Session, scope: Scope, payments: Sequence[PaymentRow]) -> list[PaymentCredit]:
    """The credits of payments without new evidence. Expects their locks."""
    credited = _credit(session, scope, {}, payments, bindings.load(session, scope, _subjects(payments)))
    return [PaymentCredit(payment, credited[payment.id]) for payment in payments]


def _subjects(payments: Iterable[PaymentRow]) -> set[str]:
    """The subjects whose binding may credit these payments: their customers, subscriptions and own objects."""
    subjects = {
        subject for each in payments for subject in (each.state.subscription, each.state.customer, *each.object_ids)
    }
    return subjects - {""}


def _affected(session: Session, scope: Scope, changed: Collection[str], touched: Collection[UUID]) -> list[PaymentRow]:
    """The other invoices of subjects whose binding changed, locked before they are read."""
    concerned = payment_rows.load_of_subjects(session, scope, changed) if changed else []
    elsewhere = {object_id for each in concerned if each.id not in touched for object_id in each.object_ids}
    if not elsewhere:
        return []
    objects.lock(session, scope, elsewhere)
    again = payment_rows.load_of_subjects(session, scope, changed)
    return [payment for payment in again if payment.id not in touched and payment.is_of_invoice]


def _credit(
    session: Session,
    scope: Scope,
    known: Mapping[str, KnownObject],
    payments: Sequence[PaymentRow],
    bound: Mapping[str, Binding],
) -> dict[UUID, Credit | NoCredit]:
    """The credits by payment id: by hand if a person decided, else by a binding, else by names on the payment itself.

    Args:
        session: holds the locks of the payments.
        scope: where they belong.
        known: objects of some of the payments, by id; others are looked up.
        payments: those to credit.
        bound: the bindings of their subjects, by subject.
    """
    partners = directory.load_directory(
        session, scope.organization_id, partner_ids={binding.partner_id for binding in bound.values()}
    )
    credited: dict[UUID, Credit | NoCredit] = {}
    without_binding, replaced = [], set[str]()
    for payment in payments:
        credit = _by_binding(payment, bound, partners)
        if credit is None:
            without_binding.append(payment)
            replaced.update(payment.object_ids[1:])
        else:
            credited[payment.id] = credit
            replaced.update(payment.object_ids)
    # Close the bindings that payments had until their customer or invoice was known.
    bindings.insert_changed(session, scope, bound, dict.fromkeys(replaced & bound.keys()))
    credited |= _credit_by_own_names(session, scope, known, without_binding, bound)
    if not payments or not by_hand.are_there(session, scope.organization_id):
        return credited
    return credited | _credit_by_hand(session, scope, known, payments, credited)


def _by_binding(payment: PaymentRow, bound: Mapping[str, Binding], partners: Directory) -> Credit | None:
    """The credit of an invoice by the binding of its customer, or of its subscription while no customer is known."""
    binding = bound.get(payment.state.customer or payment.state.subscription) if payment.is_of_invoice else None
    if binding is None:
        return None
    enrollment = partners.enrollments[binding.partner_id]
    if not rules.covers(binding.name.evident_at, enrollment.attribution_window_days, payment.state.occurred_at):
        return None
    return Credit(enrollment, binding.id, binding.bound_at, binding.snapshot_id)


def _credit_by_own_names(
    session: Session,
    scope: Scope,
    known: Mapping[str, KnownObject],
    payments: Sequence[PaymentRow],
    bound: Mapping[str, Binding],
) -> dict[UUID, Credit | NoCredit]:
    """Credit payments without a binding by the names on them; each gets a binding of its own."""
    if not payments:
        return {}
    members = _members(session, scope, known, payments)
    owners = {owner for each in payments for owner in (each.state.subscription, each.state.customer)}
    names = evidence.load_and_store_touches(session, scope, owners.union(*members.values()))
    partners = directory.load_directory(
        session, scope.organization_id, names={name.name for names_found in names.values() for name in names_found}
    )
    credited: dict[UUID, Credit | NoCredit] = {}
    changed: dict[str, Binding | None] = {}
    for payment in payments:
        occasion, own = occasions.payment_occasion(payment, members[payment.id], names), payment.object_ids[0]
        named = rules.find_partner(occasion, partners)
        if isinstance(named, NoCredit):
            credited[payment.id], changed[own] = named, None
        else:
            changed[own] = rules.new_binding(own, named, occasion.at)
    stored = bindings.with_changes(bound, bindings.insert_changed(session, scope, bound, changed))
    for payment in payments:
        if payment.id not in credited:
            binding = stored[payment.object_ids[0]]
            enrollment = partners.enrollments[binding.partner_id]
            credited[payment.id] = Credit(enrollment, binding.id, binding.bound_at, binding.snapshot_id)
    return credited


def _credit_by_hand(
    session: Session,
    scope: Scope,
    known: Mapping[str, KnownObject],
    payments: Sequence[PaymentRow],
    credited: Mapping[UUID, Credit | NoCredit],
) -> dict[UUID, Credit | NoCredit]:
    """The credits that people decided, by payment id; they replace those in `credited`."""
    marked = {
        payment_id
        for payment_id, credit in credited.items()
        if isinstance(credit, Credit) or credit.unknown_name or credit.is_outside_window
    }
    decided = by_hand.decided(session, scope, payments, _members(session, scope, known, payments), marked)
    partner_ids = {assignment.partner_id for assignment in decided.values() if assignment.partner_id}
    partners = directory.load_directory(session, scope.organization_id, partner_ids=partner_ids)
    return {
        payment_id: Credit(
            partners.enrollments[assignment.partner_id],
            assignment.id,
            assignment.bound_at,
            is_by_hand=True,
            moves_paid=assignment.moves_paid,
        )
        if assignment.partner_id
        else NoCredit(by_hand=assignment.reason, moves_paid=assignment.moves_paid)
        for payment_id, assignment in decided.items()
    }


def _members(
    session: Session, scope: Scope, known: Mapping[str, KnownObject], payments: Sequence[PaymentRow]
) -> dict[UUID, set[str]]:
    """The ids of each payment's own objects, without the money that paid other invoices.

    For payments that were loaded without their payment group, the group is looked up.
    """
    elsewhere = {object_id for each in payments for object_id in each.object_ids} - known.keys()
    all_objects = {**known, **(objects.lock(session, scope, elsewhere).objects if elsewhere else {})}
    by_root: dict[str, list[KnownObject]] = {}
    for stored in all_objects.values():
        by_root.setdefault(stored.root, []).append(stored)
    members = {}
    for payment in payments:
        group = by_root[all_objects[payment.object_ids[0]].root]
        others = money_of_other_invoices(group, payment.state.invoice) if payment.is_of_invoice else frozenset()
        members[payment.id] = {member.id for member in group} - others
    return members
