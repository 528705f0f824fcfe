"""Crediting a payment to a partner by hand."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app.commissions.by_hand import assign
from app.http import causes
from app.pages import layout, signed_in
from app.pages.console import payments
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Reason
from app.pages.signed_in import SignedIn
from app.partners.queries.listing import find_named
from app.payments.queries import get_payment
from app.views import Request


class PaymentCredit(Request):
    """The partner to credit: its id, code or e-mail address."""

    partner: str = Field(min_length=1, max_length=300)
    reason: Reason
    force: bool = False


@blueprint.post("/payments/<payment_id>/attribution")
@signed_in.form("payments:write", shown_on=payments.payment)
def attribute_payment(session: Session, who: SignedIn, payment_id: str) -> ResponseReturnValue:
    """Credit a payment to a partner."""
    payment = get_payment(session, who.caller.organization_ids, payment_id)
    body = sent(PaymentCredit)
    partner = find_named(session, [payment.organization_id], body.partner.strip(), to_change=False)
    order = assign.Order(partner.id, body.reason.strip(), moves_paid=False, cause=causes.this_request())
    assign.assign_payment(session, who.caller, payment, order, is_forced=body.force)
    back = redirect(url_for("console.payment", payment_id=payment_id), 303)
    return layout.flash(back, "payment_attributed", partner=partner.slug)
