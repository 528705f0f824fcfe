"""Binding customers and subscriptions anew when evidence says so.

A customer is bound by its earliest credited payment or session. A subscription is bound with its customer, whatever its
own metadata says later: one customer, one partner. Only a subscription whose customer no event has named yet is
bound by what is its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.attribution import rules
from app.attribution.binding import families, rows
from app.attribution.binding.rows import Attributed
from app.attribution.rules import Bond
from app.partners.finding import directory
from app.payments.facts import Kind
from app.payments.objects import LockedObjects
from app.payments.record import PaymentRecord
from app.stripe_events.scope import Scope


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whose binding a batch may concern.

    Attributes:
        leading: customers, and subscriptions without a known customer: bound by evidence.
        following: subscriptions by id with the customer each is bound with.
    """

    leading: frozenset[str]
    following: Mapping[str, str]

    @property
    def every(self) -> set[str]:
        """All of them."""
        return {*self.leading, *self.following}


def subjects_of(known: LockedObjects, records: Iterable[PaymentRecord]) -> Subjects:
    """The customers and subscriptions of these payments, of the sessions seen, and those a name was found on."""
    pairs = {(one.state.subscription, one.state.customer) for one in records}
    for one in known.objects.values():
        if one.kind == Kind.SUBSCRIPTION and one.id in known.newly_named:
            pairs.add((one.id, one.customer))
        elif one.kind == Kind.CUSTOMER and one.id in known.newly_named:
            pairs.add(("", one.id))
        elif one.kind == Kind.SESSION or one.id in known.newly_named:
            pairs.add((one.subscription, one.customer))
    following = {
        subscription: customer or _customer_of(known, subscription) for subscription, customer in pairs if subscription
    }
    leading = {customer for _, customer in pairs} | set(following.values())
    leading |= {subscription for subscription, customer in following.items() if not customer}
    return Subjects(frozenset(leading - {""}), {one: customer for one, customer in following.items() if customer})


def _customer_of(known: LockedObjects, subscription: str) -> str:
    found = known.objects.get(subscription)
    return found.customer if found else ""


def stale(
    session: Session,
    scope: Scope,
    known: LockedObjects,
    records: Iterable[PaymentRecord],
    subjects: Subjects,
    attributed: Mapping[str, Attributed],
) -> set[str]:
    """The leading subjects whose binding must be found anew.

    Those are unbound ones with evidence, those something new was learned of, those with a payment that may come before
    the one that binds, and those with a session that may bind or have bound until its payment came. A renewal of a
    bound customer is none of these, which is what keeps renewals fast.
    """
    found = families.with_evidence(session, scope, subjects.leading - attributed.keys())
    moved = known.relinked | {one.root for one in known.objects.values() if one.id in known.newly_named}
    for one in known.objects.values():
        if one.root in moved:
            found |= {one.id, one.subscription, one.customer, subjects.following.get(one.id, "")}
    times: dict[str, set[datetime]] = {}
    for payment in records:
        times.setdefault(payment.root, set()).add(payment.state.occurred_at)
        for subject in (payment.state.subscription, payment.state.customer):
            bound = attributed.get(subject)
            if bound is not None and _may_come_before(payment, bound):
                found |= {subject, subjects.following.get(subject, "")}
    for one in known.objects.values():
        if one.kind == Kind.SESSION and one.stated_at is not None:
            owners = {one.subscription, one.customer} & attributed.keys()
            found |= {owner for owner in owners if attributed[owner].bound_at not in times.get(one.root, ())}
    return found & subjects.leading


def _may_come_before(payment: PaymentRecord, bound: Attributed) -> bool:
    """Whether the payment may bind in place of the one that does.

    It is older; or, if it is new or its time has changed, as old or the very one that binds.
    """
    now = payment.state.occurred_at
    before = payment.stored["occurred_at"] if payment.stored else None
    return now < bound.bound_at if before == now else min(now, before or now) <= bound.bound_at


def rebind(
    session: Session,
    scope: Scope,
    subjects: Iterable[str],
    records: Sequence[PaymentRecord],
    attributed: Mapping[str, Attributed],
) -> dict[str, Attributed | None]:
    """Find the bindings of leading `subjects` anew, and record those that changed.

    Returns:
        The changed ones by subject; None for one that credits nobody any more.
    """
    wanted = sorted(subjects)
    family = families.load(session, scope, wanted, records)
    people = directory.load_directory(session, scope.organization_id, names=family.names)
    found: dict[str, Attributed | None] = {}
    for subject in wanted:
        standing = attributed.get(subject)
        bond = Bond(standing.partner_id, standing.bound_since) if standing and standing.bound_since else None
        binding = rules.bind(family.of(subject), people, bond=bond)
        found[subject] = None
        if binding is not None:
            found[subject] = rows.attribution(
                subject, binding.enrollment, binding.snapshot.id, binding.name, binding.bound_at
            )
    return rows.record(session, scope, attributed, found)


def release(
    session: Session, scope: Scope, subjects: Subjects, attributed: Mapping[str, Attributed]
) -> dict[str, Attributed | None]:
    """Close the bindings that subscriptions had of their own until their customer became known.

    So which rows stand is a function of what is known, like whom they credit.
    """
    found = dict.fromkeys(subjects.following.keys() & attributed.keys(), None)
    return rows.record(session, scope, attributed, found)
