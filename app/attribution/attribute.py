"""Who is credited for each payment a batch touches, and for those its new evidence reaches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.attribution import bindings, evidence, families, rules
from app.attribution.bindings import Attributed, Finding
from app.attribution.rules import NoCredit
from app.partners import directory
from app.partners.directory import Directory, Enrollment
from app.payments import objects, record
from app.payments.facts import Kind
from app.payments.objects import Known
from app.payments.record import PaymentRecord
from app.stripe_events.scope import Scope


@dataclass(frozen=True, slots=True)
class Credited:
    """A payment's partner, the attribution that says so, and since when its customer is bound."""

    attribution_id: UUID
    enrollment: Enrollment
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class Attributions:
    """The verdict for each payment to settle.

    Attributes:
        records: the touched payments, and those that changed bindings reach.
        credits: by payment id; payments merged away have none.
        reached: subscriptions and customers whose binding changed.
    """

    records: Sequence[PaymentRecord]
    credits: Mapping[UUID, Credited | NoCredit]
    reached: frozenset[str]


def attribute(
    session: Session, scope: Scope, known: Known, records: Sequence[PaymentRecord], learned_about: set[str]
) -> Attributions:
    """Bind what new evidence binds, and credit every payment concerned.

    Args:
        known: the objects touched, locked.
        records: their payments, not written yet.
        learned_about: objects on which a new name was found.

    Effects: writes attributions; locks the payments that changed bindings reach.
    """
    standing = [one for one in records if one.merged_into_id is None]
    subjects = _subjects(session, scope, known, standing, learned_about)
    attributed = bindings.current(session, scope, {*subjects, *(_own_subject(one) for one in standing)})
    stale = _stale(session, scope, known, standing, subjects, attributed, learned_about)
    changed = _rebind(session, scope, stale, records, attributed)
    attributed = {one: found for one, found in attributed.items() if one not in changed}
    attributed |= {one: found for one, found in changed.items() if found is not None}
    reached = _reached(session, scope, changed, {one.id for one in records})
    more = bindings.current(session, scope, _owners(reached) - attributed.keys() - changed.keys())
    every = [*standing, *reached]
    credits = _credit(session, scope, known, every, attributed | more)
    return Attributions([*records, *reached], credits, frozenset(changed))


def _owners(records: Iterable[PaymentRecord]) -> set[str]:
    return {one for each in records for one in (each.state.subscription, each.state.customer)} - {""}


def _own_subject(payment: PaymentRecord) -> str:
    """The object that stands for a payment credited by itself."""
    return payment.object_ids[0]


def _subjects(
    session: Session,
    scope: Scope,
    known: Known,
    records: Sequence[PaymentRecord],
    learned_about: set[str],
) -> set[str]:
    """The subscriptions and customers whose binding this batch may concern."""
    found = _owners(records)
    for one in known.objects.values():
        if one.kind is Kind.SESSION or one.id in learned_about:
            found |= {one.subscription, one.customer}
            if one.kind in (Kind.SUBSCRIPTION, Kind.CUSTOMER):
                found.add(one.id)
    customers = {one for one in learned_about if known.objects[one].kind is Kind.CUSTOMER}
    return (found | families.subscriptions_of(session, scope, customers)) - {""}


def _stale(
    session: Session,
    scope: Scope,
    known: Known,
    records: Sequence[PaymentRecord],
    subjects: set[str],
    attributed: Mapping[str, Attributed],
    learned_about: set[str],
) -> set[str]:
    """The subjects whose binding must be found anew: unbound ones, and those that something older or new concerns.

    A renewal of a bound subscription concerns nothing, which is what keeps renewals fast.
    """
    stale = families.with_evidence(session, scope, subjects - attributed.keys())
    moved = {one.root for one in known.objects.values() if one.id in learned_about} | known.relinked
    for one in known.objects.values():
        if one.root in moved:
            stale |= {one.id, one.subscription, one.customer} & subjects
    stale |= subjects & learned_about
    if any(known.objects[one].kind is Kind.CUSTOMER for one in learned_about):
        stale |= subjects & attributed.keys()
    for payment in records:
        for subject in (payment.state.subscription, payment.state.customer):
            bound = attributed.get(subject)
            if bound is not None and payment.state.occurred_at < bound.bound_at:
                stale.add(subject)
    return stale


def _rebind(
    session: Session,
    scope: Scope,
    subjects: set[str],
    records: Sequence[PaymentRecord],
    attributed: Mapping[str, Attributed],
) -> dict[str, Attributed | None]:
    """Find the bindings of `subjects` anew, and return those that changed; None for one that lapsed."""
    family = families.load(session, scope, subjects, records)
    people = directory.look_up(session, scope.organization_id, names=family.names)
    found: dict[str, Finding | None] = {}
    for subject in sorted(subjects):
        bound_to = attributed[subject].partner_id if subject in attributed else None
        binding = rules.bind(family.of(subject), people, bound_to=bound_to)
        found[subject] = binding and Finding(
            subject, binding.enrollment, binding.snapshot.id, binding.name, binding.bound_at
        )
    fresh = bindings.replace(session, scope, attributed, found)
    lapsed = {one for one, finding in found.items() if finding is None and one in attributed}
    return {**fresh, **dict.fromkeys(lapsed)}


def _reached(
    session: Session, scope: Scope, changed: Iterable[str], touched: set[UUID]
) -> list[PaymentRecord]:
    """The other invoices of subjects whose binding changed, locked and then read."""
    subjects = set(changed)
    if not subjects:
        return []
    concerned = [one for one in record.of_subjects(session, scope, subjects) if one.id not in touched]
    objects.lock(session, scope, {one for each in concerned for one in each.object_ids})
    if not concerned:
        return []
    again = record.of_subjects(session, scope, subjects)
    return [one for one in again if one.id not in touched and one.is_of_invoice]


def _credit(
    session: Session,
    scope: Scope,
    known: Known,
    records: Sequence[PaymentRecord],
    attributed: Mapping[str, Attributed],
) -> dict[UUID, Credited | NoCredit]:
    people = directory.look_up(
        session, scope.organization_id, partner_ids={one.partner_id for one in attributed.values()}
    )
    credits: dict[UUID, Credited | NoCredit] = {}
    alone = []
    for payment in records:
        bound = _binding_of(payment, attributed, people)
        if bound is None:
            alone.append(payment)
        else:
            enrollment = people.enrollments[bound.partner_id]
            credits[payment.id] = Credited(bound.id, enrollment, bound.bound_at)
    return credits | _credit_alone(session, scope, known, alone, attributed)


def _binding_of(
    payment: PaymentRecord, attributed: Mapping[str, Attributed], people: Directory
) -> Attributed | None:
    """The binding an invoice follows: its subscription's, then its customer's."""
    if not payment.is_of_invoice:
        return None
    for subject in (payment.state.subscription, payment.state.customer):
        bound = attributed.get(subject)
        if bound and bound.covers(payment.state.occurred_at, people.enrollments[bound.partner_id]):
            return bound
    return None


def _credit_alone(
    session: Session,
    scope: Scope,
    known: Known,
    records: Sequence[PaymentRecord],
    attributed: Mapping[str, Attributed],
) -> dict[UUID, Credited | NoCredit]:
    """Credit payments that follow no binding by the names on themselves, each with an attribution of its own."""
    if not records:
        return {}
    members = _members(session, scope, known, records)
    owners = _owners(records)
    names = evidence.load(session, scope, {one for own in members.values() for one in own} | owners)
    people = directory.look_up(
        session, scope.organization_id, names={one.name for found in names.values() for one in found}
    )
    credits: dict[UUID, Credited | NoCredit] = {}
    found: dict[str, Finding | None] = {}
    credited: list[tuple[PaymentRecord, Finding]] = []
    for payment in records:
        occasion = families.payment_occasion(payment, members[payment.id], names)
        credit = rules.credit(occasion, people)
        subject = _own_subject(payment)
        if isinstance(credit, NoCredit):
            credits[payment.id] = credit
            found[subject] = None
            continue
        snapshots = credit.enrollment.snapshots
        snapshot_id = rules.in_force(snapshots, occasion.at, bound_at=occasion.at).id if snapshots else None
        finding = Finding(subject, credit.enrollment, snapshot_id, credit.name, occasion.at)
        found[subject] = finding
        credited.append((payment, finding))
    known_alone = {one: attributed[one] for one in found if one in attributed}
    standing = known_alone | bindings.replace(session, scope, known_alone, found)
    for payment, finding in credited:
        credits[payment.id] = Credited(standing[finding.subject].id, finding.enrollment, finding.bound_at)
    return credits


def _members(
    session: Session, scope: Scope, known: Known, records: Sequence[PaymentRecord]
) -> dict[UUID, set[str]]:
    """The object ids of each payment's component; those of payments loaded without one are looked up."""
    elsewhere = {one for each in records for one in each.object_ids} - known.objects.keys()
    every = {**known.objects, **(objects.lock(session, scope, elsewhere) if elsewhere else {})}
    by_root: dict[str, set[str]] = {}
    for one in every.values():
        by_root.setdefault(one.root, set()).add(one.id)
    return {payment.id: by_root[every[_own_subject(payment)].root] for payment in records}
