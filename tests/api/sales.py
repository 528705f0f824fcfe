"""Sales to read about: what a subscription's first invoice leaves behind, settled by the worker's own pipeline."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import direct, ids
from app.stripe_events import envelope, inbox
from app.stripe_events.endpoints.receivers import StripeReceiver
from tests.cast import Merchant
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import ACACIA
from worker.inbox import pipeline

SOLD_AT: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Sale:
    """The public ids of what one sale left behind."""

    payment_id: str
    conversion_id: str
    commission_id: str
    invoice: str
    event_id: str


def sell(
    session: Session,
    merchant: Merchant,
    code: str,
    number: int,
    *,
    base_minor: int = 4900,
    currency: str = "usd",
    customer: str | None = None,
    livemode: bool = False,
    sold_at: datetime = SOLD_AT,
) -> Sale:
    """One paid invoice credited to the partner with `code`; its Stripe ids end in `number`, but the `customer` given.

    A customer of two sales is locked by both until their transactions end.
    """
    bill = Bill(base_minor, currency=currency)
    _settle(session, merchant, code, number, bill, customer, livemode=livemode, sold_at=sold_at)
    query = text("""
        SELECT payments.id AS payment_id, conversions.id AS conversion_id, commissions.id AS commission_id
        FROM payments JOIN conversions ON conversions.payment_id = payments.id
        JOIN commissions ON commissions.conversion_id = conversions.id AND level = 0
        WHERE payments.organization_id = :organization_id AND payments.key = :key
    """)
    named = {"organization_id": merchant.organization_id, "key": f"invoice:in_{number}"}
    made = session.execute(query, named).one()
    return Sale(
        ids.encode(ids.PAYMENT, made.payment_id),
        ids.encode(ids.CONVERSION, made.conversion_id),
        ids.encode(ids.COMMISSION, made.commission_id),
        f"in_{number}",
        f"evt_{number}",
    )


def pay_unattributed(
    session: Session, merchant: Merchant, number: int, code: str | None = None, *, livemode: bool = False
) -> str:
    """One paid invoice that names no partner, or a `code` that no partner has; gives the payment's public id."""
    _settle(session, merchant, code, number, Bill(), livemode=livemode)
    query = text("SELECT id FROM payments WHERE organization_id = :organization_id AND key = :key")
    named = {"organization_id": merchant.organization_id, "key": f"invoice:in_{number}"}
    return ids.encode(ids.PAYMENT, session.execute(query, named).scalar_one())


def _settle(
    session: Session,
    merchant: Merchant,
    code: str | None,
    number: int,
    bill: Bill,
    customer: str | None = None,
    *,
    livemode: bool,
    sold_at: datetime = SOLD_AT,
) -> None:
    """Store the invoice's event, and work it in the caller's transaction."""
    cleo = Customer(ACACIA, Marks(subscription=code), livemode=livemode)
    cleo.now = int(sold_at.timestamp()) - 180
    sale = cleo.subscribes(bill)
    event = sale.event("invoice.paid")
    body = json.dumps(event).replace(cleo.id, customer or cleo.id)
    for stripe_id in (event["id"], cleo.id, sale.invoice, sale.subscription, sale.charge, sale.payment_intent):
        body = body.replace(str(stripe_id), f"{str(stripe_id).partition('_')[0]}_{number}")
    receiver = StripeReceiver(merchant.organization_id, None, livemode=livemode, secrets=())
    with direct.connection() as connection:
        inbox.insert_event(connection, receiver, envelope.parse(body), body)
    query = text("SELECT id FROM stripe_events WHERE organization_id = :id AND stripe_id = :stripe_id")
    named = {"id": merchant.organization_id, "stripe_id": f"evt_{number}"}
    claimed = inbox.claim_these(session, session.scalars(query, named).all())
    pipeline.work(session, claimed)
