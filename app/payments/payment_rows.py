"""Rows of payments: one for each payment of a payment group, re-keyed and merged when links become known."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.immutable import immutable
from app.payments import objects
from app.payments.facts import Kind
from app.payments.models import Payment
from app.payments.objects import LockedObjects
from app.payments.reported import facts
from app.payments.state.billing import Billing
from app.payments.state.holds import Hold
from app.payments.state.payment_group import KnownObject, PaymentGroup, marks_in
from app.payments.state.state import PaymentState, payments_of
from app.stripe_events.scope import SCOPE_SQL, Scope

_KEY_PREFIXES: Final = {
    Kind.INVOICE: "invoice:",
    Kind.PAYMENT_INTENT: "pi:",
    Kind.CHARGE: "ch:",
    Kind.REPORTED: facts.KEY_PREFIX,
}
_COLUMNS = (
    "id, key, merged_into_id, customer, subscription, invoice, payment_intent, charge, currency, "
    "gross_minor, base_minor, returned_minor, base_details, occurred_at, "
    "hold, held_since, held_until, cycle_kind, cycle_ends_at, billed_at, email_marks, outcome, outcome_details"
)


@immutable
class PaymentRow:
    """A payment and its row.

    Attributes:
        state: its present amounts.
        root: the root of its payment group, "" if it was loaded without one.
        merged_into_id: the payment that it was merged into.
        outcome: its outcome; "" until it is settled for the first time.
        stored: the row in the database, None if there is none yet.
    """

    id: UUID
    state: PaymentState
    root: str = ""
    merged_into_id: UUID | None = None
    outcome: str = ""
    outcome_details: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, Any] | None = None

    @property
    def is_new(self) -> bool:
        """Whether the database has no row of it yet."""
        return self.stored is None

    @property
    def is_of_invoice(self) -> bool:
        """Whether it settles an invoice, and so may be credited through its customer."""
        return bool(self.state.invoice)

    @property
    def object_ids(self) -> list[str]:
        """The ids of the objects in its key: Stripe's, or the merchant's report."""
        if self.state.is_reported:
            return [facts.object_of(self.state.key)]
        return [
            object_id for object_id in (self.state.invoice, self.state.payment_intent, self.state.charge) if object_id
        ]


def group_into_payments(session: Session, scope: Scope, locked: LockedObjects) -> list[PaymentRow]:
    """The present payments of the payment groups of `locked`, with merged ones. Writes nothing."""
    groups = locked.payment_groups()
    keys_of = {root: sorted({key for member in members if (key := _key(member))}) for root, members in groups.items()}
    keys = [key for own in keys_of.values() for key in own]
    stored = session.execute(_LOAD_BY_KEY, {**scope.parameters(), "values": keys}).mappings() if keys else ()
    rows = {row["key"]: _payment(dict(row)) for row in stored}
    payments: list[PaymentRow] = []
    for root, members in groups.items():
        own = {key: rows[key] for key in keys_of[root] if key in rows}
        payments += _match(root, payments_of(PaymentGroup.of(members)), own)
    return payments


def _match(root: str, states: Sequence[PaymentState], rows: Mapping[str, PaymentRow]) -> list[PaymentRow]:
    """Each state with its row: the row with its key, else a row whose key is obsolete, else a new row.

    A row without a state turned out to be the same money as another payment, and is merged into it.
    """
    left = dict(rows)
    matched: list[tuple[PaymentRow | None, PaymentState]] = [
        (left.pop(state.key), state) for state in states if state.key in rows
    ]
    obsolete = [row for row in left.values() if row.merged_into_id is None]
    matched += [
        (left.pop(obsolete.pop(0).state.key) if obsolete else None, state) for state in states if state.key not in rows
    ]
    unmerged = [
        PaymentRow(ids.new(), state, root) if row is None else replace(row, state=state, root=root, merged_into_id=None)
        for row, state in matched
    ]
    merged = [
        replace(row, root=root, merged_into_id=row.merged_into_id or _successor(row, unmerged)) for row in left.values()
    ]
    return unmerged + merged


def _successor(payment: PaymentRow, unmerged: Sequence[PaymentRow]) -> UUID | None:
    """The payment that a row without a state is merged into: one with a common object, else the first."""
    own = set(payment.object_ids)
    sharing = (payment.id for payment in unmerged if own & set(payment.object_ids))
    return next(sharing, unmerged[0].id if unmerged else None)


def _key(known: KnownObject) -> str:
    prefix = _KEY_PREFIXES.get(known.kind)
    return f"{prefix}{known.id}" if prefix else ""


_LOAD_BY_KEY = text(f"SELECT {_COLUMNS} FROM payments WHERE {SCOPE_SQL} AND key = ANY(:values)")
# By the keys of the subjects' objects: payments have no index of their own on subscription and customer.
_LOAD_OF_SUBJECTS = text(f"""
    SELECT {_COLUMNS} FROM payments
    WHERE {SCOPE_SQL} AND key = ANY(:keys) AND merged_into_id IS NULL
      AND (subscription = ANY(:subjects) OR customer = ANY(:subjects))
""")


def load_of_subjects(
    session: Session,
    scope: Scope,
    subjects: Collection[str],
    known_objects: Mapping[str, KnownObject] | None = None,
) -> list[PaymentRow]:
    """The stored payments of these subscriptions and customers, without merged ones.

    `known_objects` are all objects of the subjects' payment groups, if they are loaded already.
    """
    return [_payment(row) for row in stored_of_subjects(session, scope, subjects, known_objects)]


def stored_of_subjects(
    session: Session,
    scope: Scope,
    subjects: Collection[str],
    known_objects: Mapping[str, KnownObject] | None = None,
) -> list[dict[str, Any]]:
    """As `load_of_subjects`, but the rows as they are stored."""
    if known_objects is None:
        rows = session.execute(objects.OWNED, {**scope.parameters(), "subjects": sorted(subjects)}) if subjects else ()
        roots = {owned.root for owned in rows}
        known_objects = objects.load(session, scope, roots)
    keys = sorted({key for known in known_objects.values() if (key := _key(known))})
    values = {**scope.parameters(), "keys": keys, "subjects": sorted(subjects)}
    return [dict(row) for row in session.execute(_LOAD_OF_SUBJECTS, values).mappings()] if keys else []


_LOAD_BY_ID = text(f"SELECT {_COLUMNS} FROM payments WHERE id = ANY(:ids)")


def load(session: Session, payment_ids: Iterable[UUID]) -> list[PaymentRow]:
    """The stored payments with these ids."""
    return [_payment(dict(row)) for row in session.execute(_LOAD_BY_ID, {"ids": sorted(payment_ids)}).mappings()]


def _payment(row: Mapping[str, Any]) -> PaymentRow:
    state = PaymentState(
        key=row["key"],
        customer=row["customer"],
        subscription=row["subscription"],
        invoice=row["invoice"],
        payment_intent=row["payment_intent"],
        charge=row["charge"],
        currency=row["currency"],
        gross_minor=row["gross_minor"],
        base_minor=row["base_minor"],
        returned_minor=row["returned_minor"],
        base_details=row["base_details"],
        occurred_at=row["occurred_at"],
        hold=Hold(row["hold"], row["held_until"], row["held_since"]),
        billing=billing_in(row),
        email_marks=tuple(row["email_marks"]),
    )
    return PaymentRow(
        id=row["id"],
        state=state,
        merged_into_id=row["merged_into_id"],
        outcome=row["outcome"],
        outcome_details=row["outcome_details"],
        stored=row,
    )


def billing_in(row: Mapping[str, Any]) -> Billing | None:
    """The billing cycle that the invoice of a payment's row names."""
    return Billing(row["cycle_kind"], row["cycle_ends_at"], row["billed_at"]) if row["cycle_kind"] else None


def insert_and_update(session: Session, scope: Scope, payments: Iterable[PaymentRow]) -> None:
    """Insert the new payments and update the changed ones, outcomes included."""
    fresh, changed, scoped = [], [], scope.parameters()
    for payment in payments:
        row = _row(payment)
        if payment.stored is None:
            fresh.append({**scoped, **row})
        elif any(payment.stored[name] != value for name, value in row.items()):
            changed.append(row)
    bulk.insert(session, Payment, fresh)
    bulk.update(session, Payment, changed, key=("id",))


def _row(payment: PaymentRow) -> dict[str, Any]:
    state = payment.state
    return {
        "id": payment.id,
        "key": state.key,
        "merged_into_id": payment.merged_into_id,
        "customer": state.customer,
        "subscription": state.subscription,
        "invoice": state.invoice,
        "payment_intent": state.payment_intent,
        "charge": state.charge,
        "currency": state.currency,
        "gross_minor": state.gross_minor,
        "base_minor": state.base_minor,
        "returned_minor": state.returned_minor,
        "base_details": dict(state.base_details),
        "occurred_at": state.occurred_at,
        "hold": state.hold.reason,
        "held_since": state.hold.since,
        "held_until": state.hold.until,
        "cycle_kind": state.billing.kind if state.billing else None,
        "cycle_ends_at": state.billing.ends_at if state.billing else None,
        "billed_at": state.billing.billed_at if state.billing else None,
        "email_marks": list(state.email_marks),
        "outcome": payment.outcome,
        "outcome_details": dict(payment.outcome_details),
    }


_CUSTOMER_FACTS = text(f"SELECT id, facts FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY(:customers)")


def load_payer_marks(session: Session, scope: Scope, payments: Iterable[PaymentRow]) -> dict[UUID, frozenset[str]]:
    """The marks of every payment's payer, by payment id.

    An address seen on one payment of a customer counts for all payments of the customer.
    """
    rows_given = list(payments)
    customers = sorted({row.state.customer for row in rows_given} - {""})
    rows = session.execute(_CUSTOMER_FACTS, {**scope.parameters(), "customers": customers}) if customers else ()
    by_customer = {row.id: marks_in(row.facts) for row in rows}
    nothing: frozenset[str] = frozenset()
    return {row.id: by_customer.get(row.state.customer, nothing).union(row.state.email_marks) for row in rows_given}


_NAMED = text("""
    SELECT organization_id, account, livemode, key, invoice, payment_intent, charge
    FROM payments WHERE id = ANY(:payment_ids)
""")


def lock(session: Session, payment_ids: Collection[UUID]) -> None:
    """Lock these payments as a drain does and load nothing: read what depends on them after it.

    Scopes and objects are locked in their order, as everywhere.
    """
    named: dict[Scope, set[str]] = {}
    for row in session.execute(_NAMED, {"payment_ids": list(payment_ids)}):
        is_reported = row.key.startswith(facts.KEY_PREFIX)
        own = [facts.object_of(row.key)] if is_reported else [row.invoice, row.payment_intent, row.charge]
        named.setdefault(Scope.of(row), set()).update(filter(None, own))
    for scope in sorted(named):
        objects.lock_roots(session, scope, named[scope])
