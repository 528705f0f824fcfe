"""Who is credited for each payment a batch touches, and for those its new evidence reaches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.attribution import by_hand, evidence, rules
from app.attribution.binding import families, rebind, rows
from app.attribution.binding.rows import Attributed
from app.attribution.rules import NoCredit
from app.partners.finding import directory
from app.partners.finding.directory import Directory, Enrollment
from app.payments import objects, record
from app.payments.objects import LockedObjects
from app.payments.record import PaymentRecord
from app.payments.state.payment_group import KnownObject, money_of_others
from app.stripe_events.scope import Scope


@dataclass(frozen=True, slots=True)
class Credited:
    """A payment's partner, the attribution that says so, and since when its customer is bound.

    `is_by_hand` if a person said so, `moves_paid` if that holds for what has been paid as well. `snapshot_id` is what
    the customer was bound under, None where that is not on record.
    """

    attribution_id: UUID
    enrollment: Enrollment
    bound_at: datetime
    is_by_hand: bool = False
    moves_paid: bool = False
    snapshot_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Attributions:
    """The payments to settle: those touched, and those that changed bindings reach.

    `credits` says by payment id whom each is credited to; payments merged away have none.
    """

    records: Sequence[PaymentRecord]
    credits: Mapping[UUID, Credited | NoCredit]


def attribute(session: Session, scope: Scope, known: LockedObjects, records: Sequence[PaymentRecord]) -> Attributions:
    """Bind what new evidence binds, and credit every payment concerned.

    Args:
        known: the objects touched, locked.
        records: their payments, not written yet.

    Effects: writes attributions; locks the payments that changed bindings reach.
    """
    standing = [one for one in records if one.merged_into_id is None]
    subjects = rebind.subjects_of(known, standing)
    attributed = rows.current(session, scope, {*subjects.every, *(_own_subject(one) for one in standing)})
    stale = rebind.stale(session, scope, known, standing, subjects, attributed)
    attributed = _hold(session, scope, stale - known.objects.keys(), attributed)
    changed = rebind.rebind(session, scope, stale, records, attributed) if stale else {}
    attributed = _after(attributed, changed)
    attributed = _after(attributed, rebind.release(session, scope, subjects, attributed))
    reached = _reached(session, scope, changed, {one.id for one in records})
    others = _owners(reached) | {_own_subject(one) for one in reached}
    attributed = {**rows.current(session, scope, others - attributed.keys()), **attributed}
    credited = _credit(session, scope, known, [*standing, *reached], attributed)
    return Attributions([*records, *reached], credited)


def credit_standing(
    session: Session, scope: Scope, records: Sequence[PaymentRecord]
) -> Mapping[UUID, Credited | NoCredit]:
    """Whom payments are credited to about whose evidence nothing has changed. Expects their locks."""
    subjects = _owners(records) | {_own_subject(one) for one in records}
    known = LockedObjects({}, frozenset(), frozenset())
    return _credit(session, scope, known, records, rows.current(session, scope, subjects))


def _hold(
    session: Session, scope: Scope, subjects: set[str], attributed: Mapping[str, Attributed]
) -> dict[str, Attributed]:
    """Lock subjects that no event of the batch named, and read again what stands of them.

    A link between an invoice and a charge names no customer, but may bring the evidence that binds one.
    """
    if not subjects:
        return dict(attributed)
    objects.lock(session, scope, subjects)
    others = {subject: found for subject, found in attributed.items() if subject not in subjects}
    return {**others, **rows.current(session, scope, subjects)}


def _after(attributed: Mapping[str, Attributed], changed: Mapping[str, Attributed | None]) -> dict[str, Attributed]:
    """`attributed` with `changed` in place of what it says of the same subjects."""
    both = {**attributed, **changed}
    return {subject: found for subject, found in both.items() if found is not None}


def _owners(records: Iterable[PaymentRecord]) -> set[str]:
    return {one for each in records for one in (each.state.subscription, each.state.customer)} - {""}


def _own_subject(payment: PaymentRecord) -> str:
    """The object that stands for a payment credited by itself."""
    return payment.object_ids[0]


def _reached(session: Session, scope: Scope, changed: Iterable[str], touched: set[UUID]) -> list[PaymentRecord]:
    """The other invoices of subjects whose binding changed, locked first and then read."""
    subjects = set(changed)
    if not subjects:
        return []
    concerned = [one for one in record.of_subjects(session, scope, subjects) if one.id not in touched]
    if not concerned:
        return []
    objects.lock(session, scope, {one for each in concerned for one in each.object_ids})
    again = record.of_subjects(session, scope, subjects)
    return [one for one in again if one.id not in touched and one.is_of_invoice]


def _credit(
    session: Session,
    scope: Scope,
    known: LockedObjects,
    records: Sequence[PaymentRecord],
    attributed: Mapping[str, Attributed],
) -> dict[UUID, Credited | NoCredit]:
    partner_ids = {one.partner_id for one in attributed.values()}
    people = directory.load_directory(session, scope.organization_id, partner_ids=partner_ids)
    credited: dict[UUID, Credited | NoCredit] = {}
    alone = []
    for payment in records:
        bound = _binding_of(payment, attributed, people)
        if bound is None:
            alone.append(payment)
        else:
            enrollment = people.enrollments[bound.partner_id]
            credited[payment.id] = Credited(bound.id, enrollment, bound.bound_at, snapshot_id=bound.snapshot_id)
    credited |= _credit_alone(session, scope, known, alone, attributed)
    return credited | _credit_by_hand(session, scope, known, records, credited)


def _credit_by_hand(
    session: Session,
    scope: Scope,
    known: LockedObjects,
    records: Sequence[PaymentRecord],
    credited: Mapping[UUID, Credited | NoCredit],
) -> dict[UUID, Credited | NoCredit]:
    """What people decided in place of what `credited` says."""
    if not records or not by_hand.are_there(session, scope.organization_id):
        return {}
    marked = {
        one
        for one, found in credited.items()
        if isinstance(found, Credited) or found.unknown_name or found.is_outside_window
    }
    words = by_hand.decided(session, scope, records, _members(session, scope, known, records), marked)
    partner_ids = {word.partner_id for word in words.values() if word.partner_id}
    people = directory.load_directory(session, scope.organization_id, partner_ids=partner_ids) if partner_ids else None
    found: dict[UUID, Credited | NoCredit] = {}
    for payment in records:
        word = words.get(payment.id)
        if word is not None and word.partner_id and people:
            enrollment = people.enrollments[word.partner_id]
            found[payment.id] = Credited(
                word.id, enrollment, word.bound_at, is_by_hand=True, moves_paid=word.moves_paid
            )
        elif word is not None:
            found[payment.id] = NoCredit(by_hand=word.reason, moves_paid=word.moves_paid)
    return found


def _binding_of(payment: PaymentRecord, attributed: Mapping[str, Attributed], people: Directory) -> Attributed | None:
    """The binding an invoice follows: its customer's, or its subscription's while no customer is known."""
    bound = attributed.get(payment.state.customer or payment.state.subscription) if payment.is_of_invoice else None
    if bound and bound.covers(payment.state.occurred_at, people.enrollments[bound.partner_id]):
        return bound
    return None


def _credit_alone(
    session: Session,
    scope: Scope,
    known: LockedObjects,
    records: Sequence[PaymentRecord],
    attributed: Mapping[str, Attributed],
) -> dict[UUID, Credited | NoCredit]:
    """Credit payments that follow no binding by the names on themselves, each with an attribution of its own."""
    if not records:
        return {}
    members = _members(session, scope, known, records)
    objects_named = {one for own in members.values() for one in own} | _owners(records)
    names = evidence.load(session, scope, objects_named)
    people = directory.load_directory(
        session, scope.organization_id, names={one.name for found in names.values() for one in found}
    )
    verdicts = {
        payment.id: rules.credit(families.payment_occasion(payment, members[payment.id], names), people)
        for payment in records
    }
    found = {_own_subject(payment): _alone(payment, verdicts[payment.id]) for payment in records}
    own = _after(attributed, rows.record(session, scope, attributed, found))
    return {payment.id: _credited(verdicts[payment.id], own.get(_own_subject(payment))) for payment in records}


def _alone(payment: PaymentRecord, credit: rules.Credit | NoCredit) -> Attributed | None:
    """The attribution of a payment credited by itself."""
    if isinstance(credit, NoCredit):
        return None
    at, snapshots = payment.state.occurred_at, credit.enrollment.snapshots
    snapshot_id = rules.in_force(snapshots, at, bound_at=at).id if snapshots else None
    return rows.attribution(_own_subject(payment), credit.enrollment, snapshot_id, credit.name, at)


def _credited(credit: rules.Credit | NoCredit, own: Attributed | None) -> Credited | NoCredit:
    if isinstance(credit, NoCredit) or own is None:
        return credit if isinstance(credit, NoCredit) else NoCredit()
    return Credited(own.id, credit.enrollment, own.bound_at, snapshot_id=own.snapshot_id)


def _members(
    session: Session, scope: Scope, known: LockedObjects, records: Sequence[PaymentRecord]
) -> dict[UUID, set[str]]:
    """The object ids that are each payment's own; those of payments loaded without a payment group are looked up."""
    elsewhere = {one for each in records for one in each.object_ids} - known.objects.keys()
    every = {**known.objects, **(objects.lock(session, scope, elsewhere).objects if elsewhere else {})}
    by_root: dict[str, list[KnownObject]] = {}
    for one in every.values():
        by_root.setdefault(one.root, []).append(one)
    return {payment.id: _own(payment, by_root[every[_own_subject(payment)].root]) for payment in records}


def _own(payment: PaymentRecord, members: Sequence[KnownObject]) -> set[str]:
    """The ids of a payment group's objects, but for the money that paid other invoices than this payment's."""
    own = {one.id for one in members}
    if not payment.is_of_invoice:
        return own
    return own - money_of_others(members, payment.state.invoice)
