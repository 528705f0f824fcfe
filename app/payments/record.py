"""Payments as rows: one for every state a payment group makes, re-keyed and merged as links come to light."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.payments.facts import Kind
from app.payments.models import Payment
from app.payments.reported import facts
from app.payments.state.billing import Billing
from app.payments.state.holds import Hold
from app.payments.state.payment_group import KnownObject, PaymentGroup
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


@dataclass(slots=True)
class PaymentRecord:
    """A payment and its row.

    Attributes:
        state: what it amounts to now.
        root: the root of its payment group, "" where it was loaded without one.
        merged_into_id: the payment that took its place.
        outcome: how it ended; "" until it is settled for the first time.
        stored: the row as it is in the database, None while there is none.
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
        """Whether it has no row yet."""
        return self.stored is None

    @property
    def is_of_invoice(self) -> bool:
        """Whether it settles an invoice, and so may be credited through its customer."""
        return bool(self.state.invoice)

    @property
    def object_ids(self) -> list[str]:
        """The objects that name it: Stripe's, or the merchant's report."""
        if self.state.is_reported:
            return [facts.object_of(self.state.key)]
        return [one for one in (self.state.invoice, self.state.payment_intent, self.state.charge) if one]


def assemble(
    session: Session, scope: Scope, payment_groups: Mapping[str, Sequence[KnownObject]]
) -> list[PaymentRecord]:
    """The payments of `payment_groups` (objects by root) as they stand now, merged ones included. Writes nothing."""
    rows = _load_by_key(session, scope, [known for members in payment_groups.values() for known in members])
    records: list[PaymentRecord] = []
    for root, members in payment_groups.items():
        keys = {key for known in members if (key := _key(known))}
        present = {key: rows[key] for key in sorted(keys & rows.keys())}
        records += _match(root, payments_of(PaymentGroup.of(members)), present)
    return records


def _match(root: str, states: list[PaymentState], rows: dict[str, PaymentRecord]) -> list[PaymentRecord]:
    """Give each state its row: the one with its key, else one whose key has become obsolete, else a new one.

    A row left without a state was the same money as another's, and is merged into it.
    """
    matched = []
    homeless = [state for state in states if state.key not in rows]
    for state in states:
        if state.key in rows:
            record = rows.pop(state.key)
            record.state = state
            matched.append(record)
    obsolete = [record for record in rows.values() if record.merged_into_id is None]
    for state in homeless:
        record = obsolete.pop(0) if obsolete else PaymentRecord(ids.new(), state)
        record.state = state
        matched.append(record)
    for record in matched:
        record.root, record.merged_into_id = root, None
    merged = [record for record in rows.values() if record not in matched]
    for record in merged:
        record.root = root
        record.merged_into_id = record.merged_into_id or _successor(record, matched)
    return matched + merged


def _successor(record: PaymentRecord, matched: Sequence[PaymentRecord]) -> UUID | None:
    own = set(record.object_ids)
    for candidate in matched:
        if own & set(candidate.object_ids):
            return candidate.id
    return matched[0].id if matched else None


def _key(known: KnownObject) -> str:
    prefix = _KEY_PREFIXES.get(known.kind)
    return f"{prefix}{known.id}" if prefix else ""


_LOAD_BY_KEY = text(f"SELECT {_COLUMNS} FROM payments WHERE {SCOPE_SQL} AND key = ANY(:values)")
_LOAD_BY_SUBSCRIPTION = text(f"""
    SELECT {_COLUMNS} FROM payments
    WHERE {SCOPE_SQL} AND subscription = ANY(:values) AND subscription <> '' AND merged_into_id IS NULL
""")
_LOAD_BY_CUSTOMER = text(f"""
    SELECT {_COLUMNS} FROM payments
    WHERE {SCOPE_SQL} AND customer = ANY(:values) AND customer <> '' AND merged_into_id IS NULL
""")


def _load_by_key(session: Session, scope: Scope, objects: Iterable[KnownObject]) -> dict[str, PaymentRecord]:
    keys = [key for known in objects if (key := _key(known))]
    rows = session.execute(_LOAD_BY_KEY, {**scope.parameters(), "values": keys}).mappings() if keys else ()
    return {row["key"]: _record(dict(row)) for row in rows}


def of_subjects(session: Session, scope: Scope, subjects: Iterable[str]) -> list[PaymentRecord]:
    """The stored payments of these subscriptions and customers, those merged away left out."""
    values = {**scope.parameters(), "values": sorted(subjects)}
    found: dict[UUID, PaymentRecord] = {}
    for statement in (_LOAD_BY_SUBSCRIPTION, _LOAD_BY_CUSTOMER):
        for row in session.execute(statement, values).mappings():
            found.setdefault(row["id"], _record(dict(row)))
    return list(found.values())


_LOAD_BY_ID = text(f"SELECT {_COLUMNS} FROM payments WHERE id = ANY(:ids)")


def of_ids(session: Session, payment_ids: Iterable[UUID]) -> list[PaymentRecord]:
    """The stored payments with these ids."""
    return [_record(dict(row)) for row in session.execute(_LOAD_BY_ID, {"ids": sorted(payment_ids)}).mappings()]


def _record(row: Mapping[str, Any]) -> PaymentRecord:
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
    return PaymentRecord(
        id=row["id"],
        state=state,
        merged_into_id=row["merged_into_id"],
        outcome=row["outcome"],
        outcome_details=row["outcome_details"],
        stored=row,
    )


def billing_in(row: Mapping[str, Any]) -> Billing | None:
    """How the invoice of a payment's row stands among its billing cycles."""
    return Billing(row["cycle_kind"], row["cycle_ends_at"], row["billed_at"]) if row["cycle_kind"] else None


def write(session: Session, scope: Scope, records: Iterable[PaymentRecord]) -> None:
    """Insert the new payments and update the changed ones, outcomes included."""
    fresh, changed, scoped = [], [], scope.parameters()
    for record in records:
        row = _row(record)
        if record.stored is None:
            fresh.append({**scoped, **row})
        elif any(record.stored[name] != value for name, value in row.items()):
            changed.append(row)
    bulk.insert(session, Payment, fresh)
    bulk.update(session, Payment, changed, key=("id",))


def _row(record: PaymentRecord) -> dict[str, Any]:
    state = record.state
    return {
        "id": record.id,
        "key": state.key,
        "merged_into_id": record.merged_into_id,
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
        "outcome": record.outcome,
        "outcome_details": dict(record.outcome_details),
    }
