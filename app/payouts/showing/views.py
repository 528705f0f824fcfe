"""Views of payouts and write-offs, in snake_case."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere import posted
from app.paging import HasMore
from app.partners.managing.views import ProgramAffiliate
from app.payouts.connect import transfers
from app.payouts.methods import MethodName
from app.payouts.models import Payout, PayoutLine, PayoutReturn
from app.payouts.showing import queries
from app.payouts.steps.bans import Ban
from app.payouts.steps.write_offs import WrittenOff
from app.payouts.transitions import PayoutStatus
from app.sentences import payouts as sentences
from app.sentences import problems
from app.views import Instant, Snake


class PayoutBody(Snake):
    """An amount that is paid to a partner: one for each run, partner and currency."""

    id: str | None = Field(description="Null in a preview.", examples=["pyt_01h455vb4pex5vsknk084sn02q"])
    run_id: str | None
    partner_id: str
    program_id: str
    currency: str = Field(examples=["usd"])
    gross_cents: int = Field(
        description="What the commissions and opening balances in it are worth, in the smallest unit."
    )
    fee_cents: int = Field(description="The platform's fee, kept from it.")
    net_cents: int = Field(description="What reaches the partner: gross less fee.")
    returned_cents: int = Field(description="How much of the net came back.")
    method: MethodName
    destination: dict[str, Any] = Field(description="Where it goes, masked; fixed when it was reserved.")
    status: PayoutStatus | None = Field(description="Null in a preview.")
    reference: str | None = Field(description="What the bank or the provider carries with the money.")
    provider_id: str | None = Field(description="The name of the payment at the bank or the provider.")
    failure_reason: str | None
    created_at: Instant | None
    sent_at: Instant | None
    paid_at: Instant | None
    commission_count: int = Field(description="How many commissions and opening balances are in it.")


class PayoutLineBody(Snake):
    """The part of a commission, or of an opening balance, in a payout; negative where a debt is netted."""

    commission_id: str | None = Field(description="Null: it is a part of an opening balance.")
    opening_balance_id: str | None = Field(description="Null: it is a part of a commission.")
    gross_cents: int
    fee_cents: int
    net_cents: int


class PayoutReturnBody(Snake):
    """Money of a payout that came back."""

    amount_cents: int = Field(description="How much of the net came back.")
    gross_cents: int = Field(description="How much is payable again: the amount with its share of the fee.")
    fee_cents: int
    reason: str
    provider_id: str | None
    occurred_at: Instant


class PayoutDetail(PayoutBody):
    """A payout with its lines and what came back of it."""

    lines: list[PayoutLineBody]
    returns: list[PayoutReturnBody]
    problem: str | None = Field(description="Why a transfer by Stripe is not made yet; it is tried again.")


class PayoutPage(Snake):
    """A page of payouts."""

    data: list[PayoutBody]
    page: int
    limit: int
    has_more: HasMore


class WrittenOffBody(Snake):
    """A write-off."""

    id: str = Field(examples=["wof_01h455vb4pex5vsknk084sn02q"])
    partner_id: str
    currency: str
    amount_cents: int = Field(description="What it ended: positive of a balance, negative of a debt.")
    payable_cents: int = Field(description="What is payable after it.")
    commission_count: int


class BannedAffiliate(ProgramAffiliate):
    """A banned partner, with what became of its payouts; both lists are null for keys that may not read payouts."""

    canceled_payouts: list[str] | None = Field(description="Payouts that had not left and are canceled now.")
    sent_payouts: list[str] | None = Field(
        description="Payouts that have left already: stop them at the bank or the provider, if that is still possible."
    )


def payout_body(payout: Payout) -> PayoutBody:
    """The payout as every surface shows it."""
    return PayoutBody(**_fields(payout))


def payout_detail(session: Session, payout: Payout) -> PayoutDetail:
    """The payout with its lines and returns."""
    lines = queries.lines_of(session, payout)
    openings = posted.openings_among(session, [line.commission_id for line in lines])
    return PayoutDetail(
        **_fields(payout),
        lines=[_line(line, is_opening=line.commission_id in openings) for line in lines],
        returns=[_return(back) for back in queries.returns_of(session, payout)],
        problem=problems.sentence(transfers.problem_of(session, payout.id)) if payout.method == "stripe" else None,
    )


def written_off_body(partner_id: str, done: WrittenOff) -> WrittenOffBody:
    """The answer of a write-off."""
    return WrittenOffBody(
        id=ids.encode(ids.WRITE_OFF, done.id),
        partner_id=partner_id,
        currency=done.currency,
        amount_cents=done.amount_minor,
        payable_cents=done.payable_minor,
        commission_count=done.commission_count,
    )


def banned_affiliate(affiliate: ProgramAffiliate, done: Ban, *, is_shown: bool) -> BannedAffiliate:
    """The answer of a ban; `is_shown`: the caller may read payouts."""

    def named(payouts: Sequence[Payout]) -> list[str] | None:
        return [ids.encode(ids.PAYOUT, payout.id) for payout in payouts] if is_shown else None

    return BannedAffiliate(
        **affiliate.model_dump(), canceled_payouts=named(done.canceled), sent_payouts=named(done.under_way)
    )


def _fields(payout: Payout) -> dict[str, Any]:
    return {
        "id": ids.encode(ids.PAYOUT, payout.id),
        "run_id": ids.encode(ids.PAYOUT_RUN, payout.run_id),
        "partner_id": ids.encode(ids.PARTNER, payout.partner_id),
        "program_id": ids.encode(ids.PROGRAM, payout.program_id),
        "currency": payout.currency,
        "gross_cents": payout.gross_minor,
        "fee_cents": payout.fee_minor,
        "net_cents": payout.net_minor,
        "returned_cents": payout.returned_net_minor,
        "method": payout.method,
        "destination": payout.destination_masked,
        "status": payout.status,
        "reference": payout.reference,
        "provider_id": payout.provider_id,
        "failure_reason": sentences.failure(payout.failure_reason, payout.failure_details),
        "created_at": payout.created_at,
        "sent_at": payout.sent_at,
        "paid_at": payout.paid_at,
        "commission_count": payout.commission_count,
    }


def _line(line: PayoutLine, *, is_opening: bool) -> PayoutLineBody:
    return PayoutLineBody(
        commission_id=None if is_opening else ids.encode(ids.COMMISSION, line.commission_id),
        opening_balance_id=ids.encode(ids.OPENING_BALANCE, line.commission_id) if is_opening else None,
        gross_cents=line.gross_minor,
        fee_cents=line.fee_minor,
        net_cents=line.gross_minor - line.fee_minor,
    )


def _return(back: PayoutReturn) -> PayoutReturnBody:
    return PayoutReturnBody(
        amount_cents=back.net_minor,
        gross_cents=back.gross_minor,
        fee_cents=back.fee_minor,
        reason=sentences.failure(back.reason, None) or back.reason,
        provider_id=back.provider_id,
        occurred_at=back.occurred_at,
    )
