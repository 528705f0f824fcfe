"""The occasions of a subscription or customer: its payments, and its sessions that have no payment."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from app.attribution import evidence
from app.attribution.rules import Name, Occasion
from app.immutable import immutable
from app.payments import objects, payment_rows
from app.payments.facts import MONEY_KINDS, Kind
from app.payments.payment_rows import PaymentRow
from app.payments.state.payment_group import KnownObject, money_of_other_invoices
from app.stripe_events.scope import Scope


def with_evidence(session: Session, scope: Scope, subjects: Iterable[str]) -> set[str]:
    """Those of `subjects` that may be bound.

    A name is known on the subject, on one of its payments or sessions, or on the customer of one of these.
    """
    ordered = sorted(subjects)
    if not ordered:
        return set()
    concerns: dict[str, set[str]] = {subject: {subject} for subject in ordered}
    of_root: dict[str, set[str]] = {}
    for owned in session.execute(objects.OWNED, {**scope.parameters(), "subjects": ordered}):
        of_root.setdefault(owned.root, set()).add(owned.subject)
        concerns.setdefault(owned.customer, set()).add(owned.subject)
    for known in objects.load(session, scope, of_root).values():
        concerns.setdefault(known.id, set()).update(of_root[known.root])
    named = evidence.objects_with_names(session, scope, concerns)
    return {subject for object_id in named for subject in concerns[object_id]}


@immutable
class OccasionsBySubject:
    """The occasions of several subjects, each with the subjects it counts for."""

    occasions: Sequence[tuple[Occasion, frozenset[str]]]

    def of(self, subject: str) -> list[Occasion]:
        """The occasions of one subscription or customer."""
        return [occasion for occasion, subjects in self.occasions if subject in subjects]

    @property
    def names(self) -> set[str]:
        """Every name on any of the occasions."""
        return {name.name for occasion, _ in self.occasions for name in occasion.names}


def load(session: Session, scope: Scope, subjects: Iterable[str], touched: Sequence[PaymentRow]) -> OccasionsBySubject:
    """The occasions of `subjects`.

    `touched` are payments whose rows are not written yet; they replace the stored ones.
    """
    ordered = sorted(subjects)
    if not ordered:
        return OccasionsBySubject(())
    roots = {owned.root for owned in session.execute(objects.OWNED, {**scope.parameters(), "subjects": ordered})}
    known_objects = objects.load(session, scope, roots)
    payment_groups: dict[str, list[KnownObject]] = {}
    for known in known_objects.values():
        if known.kind in MONEY_KINDS:
            payment_groups.setdefault(known.root, []).append(known)
    stored = payment_rows.load_of_subjects(session, scope, ordered, known_objects)
    payments = {payment.id: payment for payment in (*stored, *touched)}
    by_object: dict[str, list[PaymentRow]] = {}
    for payment in payments.values():
        for object_id in payment.object_ids if payment.merged_into_id is None else ():
            by_object.setdefault(object_id, []).append(payment)
    members = {known.id: known for payment_group in payment_groups.values() for known in payment_group}
    owners = {owner for known in members.values() for owner in (known.customer, known.subscription)}
    names = evidence.load_and_store_touches(session, scope, {*members, *ordered, *owners})
    occasions = []
    for payment_group in payment_groups.values():
        occasions += _occasions(payment_group, by_object, names)
    return OccasionsBySubject(occasions)


def _occasions(
    members: Sequence[KnownObject], by_object: Mapping[str, Sequence[PaymentRow]], names: dict[str, list[Name]]
) -> list[tuple[Occasion, frozenset[str]]]:
    """The occasions of one payment group: its payments, of all those in `by_object`, else its sessions."""
    own = {known.id for known in members}
    payments = {payment.id: payment for known in members for payment in by_object.get(known.id, ())}
    occasions = [
        (
            payment_occasion(payment, own - money_of_other_invoices(members, payment.state.invoice), names),
            frozenset({payment.state.subscription, payment.state.customer}),
        )
        for payment in payments.values()
    ]
    if occasions:
        return occasions
    return [
        (_session_occasion(session, own, names), frozenset({session.subscription, session.customer}))
        for session in members
        if session.kind == Kind.SESSION and session.stated_at is not None
    ]


def payment_occasion(payment: PaymentRow, own: Iterable[str], names: dict[str, list[Name]]) -> Occasion:
    """A payment as an occasion; `own` are the objects of its payment group, without the money of other invoices.

    Only an invoice is credited through its subscription and customer: a charge without an invoice needs a name of its
    own.
    """
    state = payment.state
    owners = {state.subscription, state.customer} if payment.is_of_invoice else set()
    counted = [name for object_id in sorted({*own, *owners}) for name in names.get(object_id, ())]
    return Occasion(state.occurred_at, state.key, counted)


def _session_occasion(session: KnownObject, own: Iterable[str], names: dict[str, list[Name]]) -> Occasion:
    counted = [
        name
        for object_id in sorted({*own, session.subscription, session.customer})
        for name in names.get(object_id, ())
    ]
    return Occasion(session.happened_at, session.id, counted)
