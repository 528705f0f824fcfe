"""How a partner is paid: which methods reach it, the form that sets one, and its account at Stripe."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app.errors import InvalidRequest
from app.pages import layout, signed_in
from app.pages.console.frame import asked, blueprint
from app.pages.signed_in import SignedIn
from app.partners.payout_methods.destinations.fields import METHODS, Method
from app.partners.payout_methods.destinations.kinds import FORMS
from app.partners.queries.listing import get_partner
from app.payouts.connect import accounts
from app.payouts.connect.views import payout_account
from app.payouts.partner_methods import commands, views
from app.sentences import payouts as sentences
from app.views import Request


class MethodQuery(Request):
    """The method whose form is shown, and the country that the methods are checked for."""

    method: Method | None = None
    country: str | None = Field(default=None, pattern="^[A-Za-z]{2}$")


@blueprint.get("/partners/<partner_id>/payout-method")
@signed_in.page("payouts:read")
def payout_method(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """How a partner is paid, each method with the reason why it cannot pay, and the form of one."""
    query, livemode = asked(MethodQuery), who.caller.livemode
    partner = get_partner(session, who.caller.organization_ids, partner_id)
    country = query.country and query.country.upper()
    account = accounts.find(session, partner.organization_id, partner.partner_organization_id, livemode=livemode)
    return layout.render(
        "console/paying/payout_method.html",
        who,
        partner_id=partner_id,
        code=partner.slug,
        method=views.load_body(session, partner, livemode=livemode),
        ways=views.load_available(session, partner, country=country, currency=None, livemode=livemode),
        chosen=query.method,
        fields=FORMS[query.method] if query.method else (),
        account=payout_account(partner, account),
    )


@blueprint.post("/partners/<partner_id>/payout-method")
@signed_in.form("partners:write", shown_on=payout_method)
def set_payout_method(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Set how a partner is paid: `method` in the address, and the fields of its form."""
    method = asked(MethodQuery).method
    if method is None:
        raise InvalidRequest(f"choose one of the methods {', '.join(METHODS)}", param="method")
    partner = get_partner(session, who.caller.organization_ids, partner_id, to_change=True)
    given: dict[str, str | None] = {name: request.form.get(name) or None for name in FORMS[method]}
    commands.choose(session, who.caller, partner, method, given)
    back = redirect(url_for("console.payout_method", partner_id=partner_id), 303)
    return layout.flash(back, "partner_method_saved", method=sentences.method_name(method))
