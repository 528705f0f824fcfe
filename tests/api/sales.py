"""Sales written straight into the tables, in the shape the engine writes them: many, quickly, to be read about."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import ids
from app.attribution.models import Attribution
from app.commissions.models import Commission, Conversion
from app.ledger.models import Account, JournalEntry, PostedCommission, Posting
from app.money import percentage
from app.partners.models import Snapshot
from app.payments.models import Payment, StripeObject
from app.stripe_events.models import StripeEvent
from tests.cast import Merchant

SOLD_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
RATE_BPS = 2000


@dataclass(frozen=True)
class Sale:
    """The public ids of what one sale left behind."""

    payment_id: str
    conversion_id: str
    commission_id: str
    invoice: str
    event_id: str


def sell(
    session: Session, merchant: Merchant, code: str, number: int, *, base_minor: int = 4900, currency: str = "usd"
) -> Sale:
    """One paid invoice credited to the partner with `code`, accrued at 20 %."""
    owner = {"organization_id": merchant.organization_id}
    partner_id = merchant.partners[code]
    snapshot = session.scalars(select(Snapshot).where(Snapshot.partner_id == partner_id)).one()
    invoice, event_id = f"in_{number}", f"evt_{number}"
    payment_id, conversion_id, commission_id = ids.new(), ids.new(), ids.new()
    session.add(_event(owner, event_id, invoice))
    for kind, stripe_id in (("customer", "cus_cleo"), ("subscription", "sub_cleo"), ("invoice", invoice)):
        place = {"account": "", "livemode": False, "root": stripe_id, **owner}
        session.merge(StripeObject(id=stripe_id, kind=kind, customer="cus_cleo" * (kind != "customer"), **place))
    session.add(_payment(owner, payment_id, number, base_minor, currency, outcome="accrued"))
    attribution = _attribution(owner, merchant, partner_id, snapshot.id, number, event_id)
    session.add(attribution)
    session.flush()
    session.add(
        Conversion(
            id=conversion_id,
            program_id=merchant.program_id,
            partner_id=partner_id,
            payment_id=payment_id,
            attribution_id=attribution.id,
            verdict="earns",
            **owner,
        )
    )
    session.flush()
    session.add(_commission(owner, merchant, commission_id, conversion_id, partner_id, snapshot, base_minor, currency))
    session.flush()
    _post(session, owner, merchant, partner_id, commission_id, percentage(base_minor, RATE_BPS), currency, event_id)
    return Sale(
        ids.encode("pmt", payment_id),
        ids.encode("cnv", conversion_id),
        ids.encode("com", commission_id),
        invoice,
        event_id,
    )


def pay_unattributed(
    session: Session, merchant: Merchant, number: int, outcome: str = "unattributed", **details: Any
) -> str:
    """A payment nobody is credited with; gives its public id."""
    payment_id = ids.new()
    payment = _payment({"organization_id": merchant.organization_id}, payment_id, number, 4900, "usd", outcome=outcome)
    payment.outcome_details = details
    session.add(payment)
    session.flush()
    return ids.encode("pmt", payment_id)


def _event(owner: dict[str, UUID], event_id: str, invoice: str) -> StripeEvent:
    return StripeEvent(
        livemode=False,
        stripe_id=event_id,
        type="invoice.paid",
        object_id=invoice,
        occurred_at=SOLD_AT,
        payload="{}",
        processed_at=SOLD_AT,
        outcome="accrued",
        attempts=1,
        **owner,
    )


def _payment(
    owner: dict[str, UUID], payment_id: UUID, number: int, base_minor: int, currency: str, *, outcome: str
) -> Payment:
    return Payment(
        id=payment_id,
        account="",
        livemode=False,
        key=f"invoice:in_{number}",
        customer="cus_cleo",
        subscription="sub_cleo",
        invoice=f"in_{number}",
        charge=f"ch_{number}",
        currency=currency,
        gross_minor=base_minor,
        base_minor=base_minor,
        returned_minor=0,
        base_details={"source": "invoice", "total_minor": base_minor, "formula": "net_total"},
        occurred_at=SOLD_AT,
        outcome=outcome,
        **owner,
    )


def _attribution(
    owner: dict[str, UUID], merchant: Merchant, partner_id: UUID, snapshot_id: UUID, number: int, event_id: str
) -> Attribution:
    return Attribution(
        id=ids.new(),
        account="",
        livemode=False,
        subject=f"sub_{number}",
        program_id=merchant.program_id,
        partner_id=partner_id,
        snapshot_id=snapshot_id,
        carrier="subscription_metadata",
        name="ada",
        field_path="data.object.metadata.affiliate_id",
        object_id=f"sub_{number}",
        stripe_event_id=event_id,
        evident_at=SOLD_AT,
        bound_at=SOLD_AT,
        **owner,
    )


def _commission(
    owner: dict[str, UUID],
    merchant: Merchant,
    commission_id: UUID,
    conversion_id: UUID,
    partner_id: UUID,
    snapshot: Snapshot,
    base_minor: int,
    currency: str,
) -> Commission:
    amount_minor = percentage(base_minor, RATE_BPS)
    return Commission(
        id=commission_id,
        conversion_id=conversion_id,
        program_id=merchant.program_id,
        partner_id=partner_id,
        level=0,
        snapshot_id=snapshot.id,
        terms_id=snapshot.terms_id,
        currency=currency,
        rate_bps=RATE_BPS,
        base_minor=base_minor,
        amount_minor=amount_minor,
        accrued_minor=amount_minor,
        payable_minor=0,
        clearing_minor=0,
        paid_minor=0,
        fee_minor=0,
        entry_count=1,
        status="accrued",
        calculation={"base_minor": base_minor, "rate_bps": RATE_BPS},
        holdback_days=30,
        accrued_at=SOLD_AT,
        mature_at=SOLD_AT + timedelta(days=30),
        **owner,
    )


def _post(
    session: Session,
    owner: dict[str, UUID],
    merchant: Merchant,
    partner_id: UUID,
    commission_id: UUID,
    amount_minor: int,
    currency: str,
    event_id: str,
) -> None:
    entry_id = ids.new()
    session.add(
        JournalEntry(
            id=entry_id,
            kind="accrual",
            idempotency_key=f"{commission_id}:1",
            occurred_at=SOLD_AT,
            cause=event_id,
            details={"reason": "The payment was settled."},
            **owner,
        )
    )
    session.add(
        PostedCommission(
            commission_id=commission_id,
            program_id=merchant.program_id,
            partner_id=partner_id,
            level=0,
            currency=currency,
            earned_at=SOLD_AT,
            **owner,
        )
    )
    expense = _account(session, owner, merchant, None, "commission_expense", currency)
    accrued = _account(session, owner, merchant, partner_id, "partner_accrued", currency)
    session.flush()
    lines = ((1, expense, amount_minor), (2, accrued, -amount_minor))
    session.execute(
        insert(Posting).values(
            [
                {
                    "entry_id": entry_id,
                    "line": line,
                    "account_id": account_id,
                    "commission_id": commission_id,
                    "amount_minor": minor,
                    "currency": currency,
                    **owner,
                }
                for line, account_id, minor in lines
            ]
        )
    )


def _account(
    session: Session, owner: dict[str, UUID], merchant: Merchant, partner_id: UUID | None, kind: str, currency: str
) -> UUID:
    found = session.scalar(
        select(Account.id).where(Account.partner_id == partner_id, Account.kind == kind, Account.currency == currency)
    )
    if found is not None:
        return found
    account = Account(
        id=ids.new(), program_id=merchant.program_id, partner_id=partner_id, kind=kind, currency=currency, **owner
    )
    session.add(account)
    return account.id
