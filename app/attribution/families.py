"""The occasions of a subscription or customer: its payments, and its sessions that have no payment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.attribution import evidence
from app.attribution.rules import Name, Occasion
from app.payments import record
from app.payments.facts import MONEY_KINDS, Kind
from app.payments.objects import known_object
from app.payments.record import PaymentRecord
from app.payments.state import KnownObject
from app.stripe_events.scope import SCOPE_SQL, Scope

_HAS_EVIDENCE = text(f"""
    -- Subjects of which any name is known: on themselves, on a payment or session of theirs or on its customer.
    SELECT subject FROM unnest(CAST(:subjects AS text[])) AS subject
    WHERE EXISTS (SELECT FROM evidence WHERE {SCOPE_SQL} AND object_id = subject)
       OR EXISTS (
           SELECT FROM (
               SELECT root, customer FROM stripe_objects WHERE {SCOPE_SQL} AND subscription = subject
               UNION ALL
               SELECT root, customer FROM stripe_objects WHERE {SCOPE_SQL} AND customer = subject
           ) AS own
           JOIN LATERAL (
               SELECT id FROM stripe_objects WHERE {SCOPE_SQL} AND root = own.root
               UNION ALL
               SELECT own.customer
           ) AS member ON true
           JOIN evidence ON {SCOPE_SQL} AND object_id = member.id
       )
""")

_MEMBERS = text(f"""
    -- Every object of every component that belongs to one of the subjects.
    SELECT id, kind, root, customer, subscription, facts, stated_at FROM stripe_objects
    WHERE {SCOPE_SQL} AND root IN (
        SELECT root FROM stripe_objects WHERE {SCOPE_SQL} AND subscription = ANY(:subjects)
        UNION
        SELECT root FROM stripe_objects WHERE {SCOPE_SQL} AND customer = ANY(:subjects)
    )
""")

_SUBSCRIPTIONS_OF = text(f"""
    SELECT id, customer FROM stripe_objects
    WHERE {SCOPE_SQL} AND customer = ANY(:customers) AND kind = 'subscription'
""")


def with_evidence(session: Session, scope: Scope, subjects: Iterable[str]) -> set[str]:
    """Those of `subjects` whose evidence is not empty, and so may be bound."""
    wanted = sorted(subjects)
    return set(session.scalars(_HAS_EVIDENCE, {**scope.parameters(), "subjects": wanted})) if wanted else set()


def subscriptions_of(session: Session, scope: Scope, customers: Iterable[str]) -> dict[str, str]:
    """The subscriptions known of these customers, each with its customer."""
    wanted = sorted(customers)
    rows = session.execute(_SUBSCRIPTIONS_OF, {**scope.parameters(), "customers": wanted}) if wanted else ()
    return {row.id: row.customer for row in rows}


@dataclass(frozen=True, slots=True)
class Families:
    """What belongs to some subjects: their occasions, each with the subjects it counts for."""

    occasions: Sequence[tuple[Occasion, frozenset[str]]]

    def of(self, subject: str) -> list[Occasion]:
        """The occasions of one subscription or customer."""
        return [occasion for occasion, subjects in self.occasions if subject in subjects]

    @property
    def names(self) -> set[str]:
        """Every name that is on any of the occasions."""
        return {name.name for occasion, _ in self.occasions for name in occasion.names}


def load(session: Session, scope: Scope, subjects: Iterable[str], touched: Sequence[PaymentRecord]) -> Families:
    """The occasions of `subjects`; `touched` are payments whose rows are not written yet, and go before the stored."""
    wanted = sorted(subjects)
    if not wanted:
        return Families(())
    rows = session.execute(_MEMBERS, {**scope.parameters(), "subjects": wanted})
    components: dict[str, list[KnownObject]] = {}
    for row in rows:
        if row.kind in MONEY_KINDS:
            components.setdefault(row.root, []).append(known_object(row))
    payments = {one.id: one for one in (*record.of_subjects(session, scope, wanted), *touched)}
    standing = [one for one in payments.values() if one.merged_into_id is None]
    objects = {known.id: known for members in components.values() for known in members}
    owners = {one for known in objects.values() for one in (known.customer, known.subscription)}
    names = evidence.load(session, scope, {*objects, *wanted, *owners})
    occasions = []
    for members in components.values():
        occasions += _occasions(members, standing, names)
    return Families(occasions)


def _occasions(
    members: Sequence[KnownObject], payments: Iterable[PaymentRecord], names: dict[str, list[Name]]
) -> list[tuple[Occasion, frozenset[str]]]:
    own = {known.id for known in members}
    found = [
        (payment_occasion(payment, own, names), frozenset({payment.state.subscription, payment.state.customer}))
        for payment in payments
        if own & set(payment.object_ids)
    ]
    if found:
        return found
    return [
        (_session_occasion(session, own, names), frozenset({session.subscription, session.customer}))
        for session in members
        if session.kind is Kind.SESSION and session.stated_at is not None
    ]


def payment_occasion(payment: PaymentRecord, own: Iterable[str], names: dict[str, list[Name]]) -> Occasion:
    """A payment as an occasion; `own` are the objects of its component.

    Only an invoice is credited through its subscription and customer: a lone charge needs a marker of its own.
    """
    state = payment.state
    owners = {state.subscription, state.customer} if payment.is_of_invoice else set()
    counted = [name for one in sorted({*own, *owners}) for name in names.get(one, ())]
    return Occasion(state.occurred_at, state.key, counted)


def _session_occasion(session: KnownObject, own: Iterable[str], names: dict[str, list[Name]]) -> Occasion:
    assert session.stated_at is not None, "only a session that was seen is an occasion"
    counted = [name for one in sorted({*own, session.subscription, session.customer}) for name in names.get(one, ())]
    return Occasion(session.stated_at, session.id, counted)
