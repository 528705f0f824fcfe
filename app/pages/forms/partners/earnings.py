"""What a partner earned outside Stripe: a reported conversion, or an opening balance from another system."""

from typing import Annotated, Any

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.elsewhere import opening_balances
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.commissions.reported import conversions
from app.commissions.reported.conversions import Report, Reported
from app.commissions.views import load_conversion_body
from app.errors import Conflict
from app.http import causes
from app.pages import layout, signed_in
from app.pages.console.frame import Day, begin_of, blueprint, sent
from app.pages.forms.fields import Word, minor_of
from app.pages.forms.once import once
from app.pages.forms.partners.standing import to_partner
from app.pages.signed_in import SignedIn
from app.partners.models import Partner
from app.partners.queries.listing import get_partner
from app.programs.models import Program
from app.programs.validation import valid_currency
from app.views import Request

Amount = Annotated[str, Field(max_length=40)]
Currency = Annotated[str, Field(max_length=10)]


class SaleReport(Request):
    """Money that did not pass through Stripe, or an event; `occurred_on` is a day in UTC, None: now."""

    amount: Amount | None = None
    currency: Currency | None = None
    external_id: Word | None = None
    event_name: Word | None = None
    entitlement_id: Word | None = None
    occurred_on: Day | None = None


class Balance(Request):
    """What a partner had earned elsewhere and was not paid; `owes`: what it owes instead."""

    amount: Amount
    currency: Currency
    owes: bool = False
    source: Word
    source_id: Word
    occurred_on: Day


@blueprint.get("/partners/<partner_id>/earnings")
@signed_in.page("conversions:write")
def partner_earnings(session: Session, who: SignedIn, partner_id: str) -> Response:
    """The forms."""
    return _render(session, who, get_partner(session, who.caller.organization_ids, partner_id))


@blueprint.post("/partners/<partner_id>/conversions/check")
@signed_in.form("conversions:write", shown_on=partner_earnings)
def check_partner_conversion(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """What the partner would earn on the conversion; changes nothing."""
    partner, asked = get_partner(session, who.caller.organization_ids, partner_id), sent(SaleReport)
    with db.rolled_back(session):
        shown = load_conversion_body(session, _report(session, who, partner, asked).conversion)
    return _render(session, who, partner, shown=shown)


@blueprint.post("/partners/<partner_id>/conversions")
@signed_in.form("conversions:write", shown_on=partner_earnings)
@once
def report_partner_conversion(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Report the conversion that was checked."""
    partner, asked = get_partner(session, who.caller.organization_ids, partner_id), sent(SaleReport)
    reported = _report(session, who, partner, asked)
    payment_id = ids.encode(ids.PAYMENT, reported.conversion.payment_id)
    return layout.flash(redirect(url_for("console.payment", payment_id=payment_id), 303), "conversion_reported")


@blueprint.post("/partners/<partner_id>/opening-balances")
@signed_in.form("payouts:write", shown_on=partner_earnings)
@once
def record_opening_balance(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Record what the partner had earned elsewhere; it is payable at once."""
    partner, asked = get_partner(session, who.caller.organization_ids, partner_id), sent(Balance)
    currency = valid_currency(asked.currency)
    amount_minor = minor_of(asked.amount, currency, "amount")
    earned = EarnedElsewhere(
        currency=currency,
        amount_minor=-amount_minor if asked.owes else amount_minor,
        source=asked.source,
        source_id=asked.source_id,
        occurred_at=begin_of(asked.occurred_on),
    )
    cause = causes.this_request()
    opening_balances.record(session, who.caller, partner, earned, livemode=who.caller.livemode, cause=cause)
    return layout.flash(to_partner(partner_id), "opening_recorded")


def _report(session: Session, who: SignedIn, partner: Partner, asked: SaleReport) -> Reported:
    """Raises Conflict `duplicate_external_id`, InvalidRequest."""
    program = session.get_one(Program, partner.program_id)
    currency = valid_currency(asked.currency) if asked.currency else program.currency
    report = Report(
        amount_minor=None if asked.amount is None else minor_of(asked.amount, currency, "amount"),
        currency=currency,
        external_id=asked.external_id,
        project_id="",
        event_name=asked.event_name,
        entitlement_id=asked.entitlement_id,
        occurred_at=None if asked.occurred_on is None else begin_of(asked.occurred_on),
    )
    cause = causes.this_request()
    reported = conversions.report(session, who.caller, partner, report, by=cause, livemode=who.caller.livemode)
    if not reported.is_new:
        message = f"external_id {asked.external_id!r} was reported before; use another one for another conversion"
        raise Conflict(message, code="duplicate_external_id", param="external_id")
    return reported


def _render(session: Session, who: SignedIn, partner: Partner, **checked: Any) -> Response:
    program = session.get_one(Program, partner.program_id)
    return layout.render(
        "console/partners/earnings.html",
        who,
        partner_id=ids.encode(ids.PARTNER, partner.id),
        name=partner.full_name or partner.slug,
        currency=program.currency,
        kind=program.conversion_kind,
        values=request.form,
        **checked,
    )
