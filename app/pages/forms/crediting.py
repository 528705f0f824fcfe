"""Whom a payment is credited to: another partner or none, for this payment or for its customer, after a check."""

from functools import partial
from typing import Any, Literal

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app.commissions.by_hand import assign, effects
from app.commissions.queries import load_credited
from app.errors import InvalidRequest
from app.http import causes
from app.pages import layout, signed_in
from app.pages.console.frame import Day, begin_of, blueprint, sent
from app.pages.forms.fields import Reason
from app.pages.signed_in import SignedIn
from app.partners.queries.listing import find_named
from app.payments.models import Payment
from app.payments.queries import get_payment
from app.payments.views import payment_body
from app.stripe_events.scope import Scope
from app.views import Request


class Credit(Request):
    """A decision.

    Attributes:
        to: whether a partner or none is credited.
        partner: its id, code or e-mail address.
        extent: for this payment; or for all of the customer's whose commission is unpaid, and future ones; or for the
            customer's from a day on.
        since: the first day in UTC, for `since`.
        include_paid: whether commissions move that are paid or in a payout; the former partner then owes them.
        force: to credit a payment although an invoice within a day may be the same money.
    """

    to: Literal["partner", "none"] = "partner"
    partner: str | None = Field(default=None, max_length=300)
    extent: Literal["payment", "customer", "since"] = "payment"
    since: Day | None = None
    reason: Reason
    include_paid: bool = False
    force: bool = False


@blueprint.get("/payments/<payment_id>/credit")
@signed_in.page("payments:write")
def payment_credit(session: Session, who: SignedIn, payment_id: str) -> Response:
    """The form of a decision."""
    return _render(session, who, get_payment(session, who.caller.organization_ids, payment_id), values=request.form)


@blueprint.post("/payments/<payment_id>/credit/check")
@signed_in.form("payments:write", shown_on=payment_credit)
def check_payment_credit(session: Session, who: SignedIn, payment_id: str) -> ResponseReturnValue:
    """What would move, and what each partner's commissions would be worth; changes nothing."""
    payment, asked = get_payment(session, who.caller.organization_ids, payment_id), sent(Credit)
    effect = effects.try_out(session, partial(_decide, session, who, payment, asked), [payment.id])
    return _render(session, who, payment, values=request.form, asked=asked, effect=effect)


@blueprint.post("/payments/<payment_id>/credit")
@signed_in.form("payments:write", shown_on=payment_credit)
def credit_payment(session: Session, who: SignedIn, payment_id: str) -> ResponseReturnValue:
    """Make the decision that was checked. Made again, it changes nothing."""
    payment = get_payment(session, who.caller.organization_ids, payment_id)
    assigned = _decide(session, who, payment, sent(Credit))
    back = redirect(url_for("console.payment", payment_id=payment_id), 303)
    return layout.flash(back, "credit_decided", moved=len(assigned.moved), kept=len(assigned.kept))


def _decide(session: Session, who: SignedIn, payment: Payment, asked: Credit) -> assign.Assigned:
    """Raises Conflict, InvalidRequest, NotFound."""
    partner_id = None
    if asked.to == "partner":
        if asked.partner is None:
            raise InvalidRequest("partner is required: write its code, id or e-mail address", param="partner")
        partner_id = find_named(session, [payment.organization_id], asked.partner.strip(), to_change=False).id
    order = assign.Order(partner_id, asked.reason.strip(), asked.include_paid, causes.this_request())
    if asked.extent == "payment":
        return assign.assign_payment(session, who.caller, payment, order, is_forced=asked.force)
    if not payment.customer:
        raise InvalidRequest("the payment names no Stripe customer; credit only this payment", param="extent")
    if asked.extent == "since" and asked.since is None:
        raise InvalidRequest("since is required: the first day of the payments to credit", param="since")
    begins_at = begin_of(asked.since) if asked.extent == "since" and asked.since else None
    scope = Scope.of(payment)
    return assign.assign_customer(session, who.caller, scope, payment.customer, order, applies_from=begins_at)


def _render(session: Session, who: SignedIn, payment: Payment, **values: Any) -> Response:
    shown = payment_body(payment)
    credited = load_credited(session, [shown.id]).get(shown.id)
    return layout.render("console/credit.html", who, shown=shown, credited=credited, **values)
