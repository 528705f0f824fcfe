"""Views of opening balances and of other cut-offs, in snake_case."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere.cutoffs import Between
from app.commissions.elsewhere.models import OpeningBalance
from app.paging import HasMore
from app.views import Instant, Snake


class OpeningBalanceBody(Snake):
    """What a partner had earned in another system and was not paid, or owed; amounts in the smallest unit."""

    id: str = Field(examples=["opb_01h455vb4pex5vsknk084sn02q"])
    partner_id: str
    program_id: str
    currency: str = Field(examples=["usd"])
    amount_cents: int = Field(description="What was brought in; negative: the partner owed it. It never changes.")
    payable_cents: int = Field(description="What of it is payable now.")
    in_payout_cents: int = Field(description="In a payout that is not confirmed.")
    paid_cents: int = Field(description="Paid, after the platform's fee.")
    fee_cents: int
    written_off_cents: int
    source: str = Field(description="The system it comes from.", examples=["rewardful"])
    source_id: str = Field(description="Its name in that system.")
    occurred_at: Instant = Field(description="Of what time it is the balance.")
    created_at: Instant = Field(description="When it was recorded here.")
    paid_at: Instant | None


class OpeningBalancePage(Snake):
    """A page of opening balances."""

    data: list[OpeningBalanceBody]
    has_more: HasMore


def opening_balance_body(balance: OpeningBalance) -> OpeningBalanceBody:
    """The balance as every surface shows it."""
    return OpeningBalanceBody(
        id=ids.encode(ids.OPENING_BALANCE, balance.id),
        partner_id=ids.encode(ids.PARTNER, balance.partner_id),
        program_id=ids.encode(ids.PROGRAM, balance.program_id),
        currency=balance.currency,
        amount_cents=balance.amount_minor,
        payable_cents=balance.payable_minor,
        in_payout_cents=balance.clearing_minor,
        paid_cents=balance.paid_minor,
        fee_cents=balance.fee_minor,
        written_off_cents=balance.written_off_minor,
        source=balance.source,
        source_id=balance.source_id,
        occurred_at=balance.occurred_at,
        created_at=balance.created_at,
        paid_at=balance.paid_at,
    )


def opening_balance_bodies(_session: Session, rows: Sequence[OpeningBalance]) -> list[OpeningBalanceBody]:
    """These balances, in the same order."""
    return [opening_balance_body(balance) for balance in rows]


class PaymentsBetween(Snake):
    """Payments in one currency between two cut-offs, and what their commissions are worth now."""

    currency: str
    payments: int
    commission_cents: int


class CutoffPreview(Snake):
    """What another cut-off would concern."""

    cutoff_at: Instant | None
    between: list[PaymentsBetween] = Field(description="The payments between the present cut-off and this one.")


def cutoff_preview(cutoff_at: datetime | None, between: Sequence[Between]) -> CutoffPreview:
    """The answer of a preview."""
    shown = [
        PaymentsBetween(currency=one.currency, payments=one.payments, commission_cents=one.net_minor) for one in between
    ]
    return CutoffPreview(cutoff_at=cutoff_at, between=shown)
