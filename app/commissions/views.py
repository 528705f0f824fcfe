"""Conversions and commissions as their surfaces show them, in camelCase."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, get_args

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.commissions import queries
from app.commissions.models import Commission, Conversion
from app.commissions.queries import net_minor
from app.ledger.balances import approvals_posted_at
from app.money import decimal_text
from app.paging import HasMore
from app.payments.models import Payment
from app.payments.reported.facts import KEY_PREFIX, external_id_of
from app.views import Camel, Instant

CommissionStatus = Literal["accrued", "approved", "paid", "reversed"]
ConversionStatus = Literal["pending", "approved", "paid", "rejected"]

CONVERSION_STATUS: Final[dict[str, ConversionStatus]] = {
    "accrued": "pending",
    "approved": "approved",
    "paid": "paid",
    "reversed": "rejected",
}
STATUS: Final[dict[str, CommissionStatus]] = {word: word for word in get_args(CommissionStatus)}
COMMISSION_STATUS: Final = {shown: stored for stored, shown in CONVERSION_STATUS.items()}


class ConversionBody(Camel):
    """A payment that earns an affiliate something."""

    id: str = Field(examples=["cnv_01h455vb4pex5vsknk084sn02q"])
    affiliate_id: str
    partner_code: str = Field(examples=["ada"])
    program_id: str
    stripe_charge_id: str | None = Field(
        description="Stripe's charge, null until known; of a report `manual:…` with your own id, else this id."
    )
    stripe_invoice_id: str | None
    amount_cents: int = Field(description="What was collected, in the currency's smallest unit.")
    commission_cents: int = Field(description="What it is worth to the affiliate now.")
    currency: str = Field(examples=["usd"])
    status: ConversionStatus
    occurred_at: Instant = Field(description="When the customer paid.")
    created_at: Instant = Field(description="When it was recorded here.")


class ConversionPage(Camel):
    """A page of conversions."""

    data: list[ConversionBody]
    page: int
    limit: int
    has_more: HasMore


class CommissionBody(Camel):
    """What one beneficiary earns on one conversion."""

    id: str = Field(examples=["com_01h455vb4pex5vsknk084sn02q"])
    tenant_id: str = Field(description="The organization that owns the program.")
    attribution_id: str | None = Field(
        description="Null for an upline's own key: the customer is credited to the partner below it."
    )
    partner_id: str
    partner_code: str = Field(examples=["ada"])
    conversion_id: str
    stripe_invoice_id: str | None = Field(
        description="The invoice that was paid, if any; null for a partner's own key."
    )
    level: int = Field(description="0: the partner itself; 1 and up: its uplines.")
    cycle: int | None = Field(description="Its billing cycle; null for one-time sales and without a limit.")
    amount: str = Field(
        description="What the terms give with nothing returned, in the currency's own decimals.",
        examples=["12.00"],
    )
    reversed_amount: str = Field(description="The amount less what the commission is worth now.", examples=["0.00"])
    currency: str = Field(examples=["USD"])
    status: CommissionStatus
    occurred_at: Instant = Field(description="When the customer paid.")
    accrued_at: Instant = Field(description="The same: a commission is earned when the customer pays.")
    approved_at: Instant | None = Field(
        description="The time of its approval: the end of its holdback, or when a person approved it."
    )
    approval_posted_at: Instant | None = Field(
        description="When the approval was posted to the ledger; null for a partner's own key. It is later than "
        "`approvedAt` if the clock could not approve on that day, or if an old payment became known later."
    )
    paid_at: Instant | None
    holdback_days: int | None
    mature_at: Instant | None = Field(description="When it is approved automatically; null: only by a person.")
    campaign_id: str = Field(description="The program.")
    campaign_name: str


class CommissionPage(Camel):
    """A page of commissions."""

    commissions: list[CommissionBody]
    has_more: HasMore


def conversion_body(
    conversion: Conversion, commission: Commission | None, payment: Payment, partner_code: str
) -> ConversionBody:
    """The conversion; its status and worth are those of its level-0 commission; without one it is `rejected`."""
    return ConversionBody(
        id=ids.encode(ids.CONVERSION, conversion.id),
        affiliate_id=ids.encode(ids.AFFILIATE, conversion.partner_id),
        partner_code=partner_code,
        program_id=ids.encode(ids.PROGRAM, conversion.program_id),
        stripe_charge_id=_charge(conversion, payment),
        stripe_invoice_id=payment.invoice or None,
        amount_cents=payment.gross_minor,
        commission_cents=net_minor(commission),
        currency=payment.currency,
        status=CONVERSION_STATUS[commission.status if commission else "reversed"],
        occurred_at=payment.occurred_at,
        created_at=conversion.created_at,
    )


def load_conversion_body(session: Session, conversion: Conversion) -> ConversionBody:
    """The conversion as it is now, also if SQL statements changed it since it was read."""
    return conversion_body(*queries.with_commission(session, conversion))


def _charge(conversion: Conversion, payment: Payment) -> str | None:
    if not payment.key.startswith(KEY_PREFIX):
        return payment.charge or None
    own = external_id_of(payment.key)
    return f"{KEY_PREFIX}{ids.encode(ids.CONVERSION, conversion.id) if own is None else own}"


def commission_bodies(session: Session, rows: Sequence[queries.CommissionRow]) -> list[CommissionBody]:
    """Rows of `queries.list_commissions` as their owner sees them; queries when approvals were posted."""
    posted_at = approvals_posted_at(session, [row[0].id for row in rows if row[0].approved_at is not None])
    return [commission_body(*row, posted_at=posted_at.get(row[0].id)) for row in rows]


def commission_body(
    commission: Commission,
    conversion: Conversion | None,
    payment: Payment | None,
    program_name: str,
    partner_code: str,
    *,
    posted_at: datetime | None = None,
) -> CommissionBody:
    """The commission; amount less reversed_amount is its present worth.

    No `conversion` or `payment`: not the caller's to see. `posted_at` is when its approval was posted.
    """
    reversed_minor = commission.amount_minor - net_minor(commission)
    return CommissionBody(
        id=ids.encode(ids.COMMISSION, commission.id),
        tenant_id=ids.encode(ids.ORGANIZATION, commission.organization_id),
        attribution_id=ids.encode(ids.ATTRIBUTION, conversion.attribution_id) if conversion else None,
        partner_id=ids.encode(ids.PARTNER, commission.partner_id),
        partner_code=partner_code,
        conversion_id=ids.encode(ids.CONVERSION, commission.conversion_id),
        stripe_invoice_id=(payment.invoice or None) if payment else None,
        level=commission.level,
        cycle=commission.cycle,
        amount=decimal_text(commission.amount_minor, commission.currency),
        reversed_amount=decimal_text(reversed_minor, commission.currency),
        currency=commission.currency.upper(),
        status=STATUS[commission.status],
        occurred_at=payment.occurred_at if payment else commission.accrued_at,
        accrued_at=commission.accrued_at,
        approved_at=commission.approved_at,
        approval_posted_at=posted_at,
        paid_at=commission.paid_at,
        holdback_days=commission.holdback_days,
        mature_at=commission.mature_at,
        campaign_id=ids.encode(ids.PROGRAM, commission.program_id),
        campaign_name=program_name,
    )


def own_commission_bodies(_session: Session, rows: Sequence[queries.OwnRow]) -> list[CommissionBody]:
    """The commissions as their partner sees them, without the merchant's payments."""
    return [commission_body(commission, sale, None, *names) for commission, sale, *names in rows]
