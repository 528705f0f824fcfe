"""Views of how a partner is paid: its method, the methods that reach it, and what its next payout still lacks."""

from collections.abc import Mapping
from typing import cast

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.ledger.sums import Sums
from app.partners.figures import statistics
from app.partners.models import Partner
from app.partners.payout_methods import stored
from app.partners.payout_methods.destinations import fields
from app.partners.payout_methods.destinations.fields import METHODS
from app.partners.payout_methods.models import PayoutMethod
from app.payouts import amounts, methods
from app.payouts.connect import accounts
from app.payouts.connect.views import sentence_of, state_of
from app.payouts.files.problems import load_problems
from app.payouts.methods import MethodName, Payer
from app.payouts.owner_settings.stored import load_payer
from app.programs.models import Program
from app.sentences import payout_outlook
from app.sentences import payouts as sentences
from app.views import Instant, Snake


class MethodProblem(Snake):
    """Why nothing can be paid by the method now."""

    currency: str | None = Field(description="In this currency; null: in any.", examples=["usd"])
    reason: str = Field(examples=["no_source_currency"])
    sentence: str


class NextPayout(Snake):
    """What the next payout has in a currency, in its smallest unit."""

    currency: str = Field(examples=["usd"])
    payable_cents: int = Field(description="Approved and unpaid; negative if it was taken back after it was paid.")
    minimum_cents: int = Field(description="What a payout must have at least; 0: no minimum.")
    missing_cents: int = Field(description="What is missing for the next payout.")
    sentence: str
    accrued_cents: int = Field(description="Earned and not approved yet, so in no payout.")
    accrued_sentence: str | None = Field(description="When that is approved; null: nothing waits.")


class PayoutMethodBody(Snake):
    """How a partner is paid. The destination is masked."""

    partner_id: str
    program_id: str
    method: MethodName | None = Field(examples=["paypal"])
    destination: dict[str, str] = Field(examples=[{"email": "z…@example.com"}])
    country: str | None = Field(description="Where the money goes; null: not known.", examples=["DE"])
    updated_at: Instant | None
    problems: list[MethodProblem] = Field(description="Why nothing can be paid now; empty if everything is set up.")
    next_payout: list[NextPayout]


class AvailableMethod(Snake):
    """Whether a method can pay a partner."""

    method: MethodName
    name: str = Field(examples=["PayPal"])
    available: bool
    reason: str | None = Field(description="Why not.", examples=["country"])
    sentence: str | None = Field(description="Why not, in words.", examples=["PayPal does not pay to Nigeria."])


class AvailableMethods(Snake):
    """The methods for payments in a currency to a country."""

    program_id: str
    country: str | None = Field(description="Null: not known, so no country is judged.", examples=["NG"])
    currency: str = Field(examples=["usd"])
    methods: list[AvailableMethod]


def load_body(session: Session, partner: Partner, *, livemode: bool) -> PayoutMethodBody:
    """How the partner is paid, with what is missing in this mode. `session` must see the owner's rows."""
    program = session.get_one(Program, partner.program_id)
    row = stored.load_rows(session, [partner.id]).get(partner.id)
    payer = load_payer(session, partner.organization_id, livemode=livemode)
    earned = statistics.load_for_partner(session, partner, program, livemode=livemode)
    currencies = sorted({program.currency, *(sums.currency for sums in earned if sums.approved_minor)})
    in_each = [statistics.in_currency(earned, currency) for currency in currencies]
    unable = _account_problem(session, partner, row, livemode=livemode)
    problems = _problems(row, _nets(row, in_each, program), payer, unable) or _destination_problems(
        session, partner, currencies
    )
    blocked = {problem.currency for problem in problems}
    return PayoutMethodBody(
        partner_id=ids.encode(ids.PARTNER, partner.id),
        program_id=ids.encode(ids.PROGRAM, program.id),
        method=row and row.method,
        destination={} if row is None else row.destination_masked,
        country=row and row.country,
        updated_at=row and row.updated_at,
        problems=problems,
        next_payout=[
            _next(sums, program, is_blocked=not blocked.isdisjoint({None, sums.currency})) for sums in in_each
        ],
    )


def load_available(
    session: Session, partner: Partner, *, country: str | None, currency: str | None, livemode: bool
) -> AvailableMethods:
    """Each method, and why it cannot pay the partner. `session` must see the owner's rows.

    Args:
        session: as above.
        partner: who would be paid.
        country: an ISO 3166 code, upper case; None: that of its present method.
        currency: None: the program's.
        livemode: the mode whose outbound webhooks count.

    Raises:
        InvalidRequest: no country has this code.
    """
    program = session.get_one(Program, partner.program_id)
    row = stored.load_rows(session, [partner.id]).get(partner.id)
    if country is not None:
        country = fields.country(country)
    elif row is not None:
        country = row.country
    currency = currency or program.currency
    payer = load_payer(session, partner.organization_id, livemode=livemode)
    return AvailableMethods(
        program_id=ids.encode(ids.PROGRAM, program.id),
        country=country,
        currency=currency,
        methods=[_available(method, country, currency, payer) for method in METHODS],
    )


def _available(method: MethodName, country: str | None, currency: str, payer: Payer) -> AvailableMethod:
    refusal = methods.refusal(method, country, currency, None, payer)
    return AvailableMethod(
        method=method,
        name=sentences.method_name(method),
        available=refusal is None,
        reason=refusal and refusal.code,
        sentence=refusal and sentences.refusal(refusal.details),
    )


def _account_problem(session: Session, partner: Partner, row: PayoutMethod | None, *, livemode: bool) -> str | None:
    """Why the partner's connected account cannot receive; None if it can, or if the method is another one."""
    if row is None or row.method != "stripe":
        return None
    account = accounts.find(session, partner.organization_id, partner.partner_organization_id, livemode=livemode)
    return None if state_of(account) == "ready" else sentence_of(account)


def _problems(
    row: PayoutMethod | None, nets: Mapping[str, int | None], payer: Payer, account_problem: str | None
) -> list[MethodProblem]:
    if row is None or row.method is None:
        return [MethodProblem(currency=None, reason="no_payout_method", sentence=payout_outlook.no_method())]
    method = cast("MethodName", row.method)
    if row.destination_encrypted is None and method != "stripe":
        sentence = payout_outlook.no_destination(method)
        return [MethodProblem(currency=None, reason="no_destination", sentence=sentence)]
    found = [(currency, methods.refusal(method, row.country, currency, net, payer)) for currency, net in nets.items()]
    refused = [
        MethodProblem(currency=currency, reason=refusal.code, sentence=sentences.refusal(refusal.details))
        for currency, refusal in found
        if refusal is not None
    ]
    if account_problem is not None:
        refused.append(MethodProblem(currency=None, reason="account_not_ready", sentence=account_problem))
    return refused


def _nets(row: PayoutMethod | None, earned: list[Sums], program: Program) -> dict[str, int | None]:
    """By currency what a payout would bring the partner now, in minor units; None: nothing."""
    nets: dict[str, int | None] = {}
    for sums in earned:
        step = methods.step(cast("MethodName", row.method), sums.currency) if row is not None and row.method else 1
        payout = amounts.amounts_of([(program.id, sums.payable_minor)], program.platform_fee_bps, step)
        nets[sums.currency] = payout.net_minor or None
    return nets


def _destination_problems(session: Session, partner: Partner, currencies: list[str]) -> list[MethodProblem]:
    """Why a run would skip the partner's destination."""
    pairs = [(partner.id, currency) for currency in currencies]
    found = load_problems(session, pairs, stored.load_for(session, [partner.id]))
    return [
        MethodProblem(currency=currency, reason="destination_invalid", sentence=sentences.refusal(refusal.details))
        for (_, currency), refusal in found.items()
    ]


def _next(sums: Sums, program: Program, *, is_blocked: bool) -> NextPayout:
    minimum_minor: int = program.minimum_payouts.get(sums.currency, 0)
    missing_minor = max(0, max(minimum_minor, 1) - sums.payable_minor)
    return NextPayout(
        currency=sums.currency,
        payable_cents=sums.payable_minor,
        minimum_cents=minimum_minor,
        missing_cents=missing_minor,
        accrued_cents=sums.accrued_minor,
        accrued_sentence=payout_outlook.waiting(sums.accrued_minor, sums.currency),
        sentence=payout_outlook.sentence(
            sums.payable_minor,
            minimum_minor=minimum_minor,
            missing_minor=missing_minor,
            currency=sums.currency,
            is_blocked=is_blocked,
        ),
    )
