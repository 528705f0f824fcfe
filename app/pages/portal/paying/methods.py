"""How a partner is paid: which methods reach its country, and the form that sets one."""

from collections.abc import Mapping

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app import refusals
from app.errors import Conflict, InvalidRequest, RequestError
from app.pages import layout
from app.pages.console.frame import asked
from app.pages.portal.frame import blueprint, form, load_enrolled, page, render
from app.pages.signed_in import SignedIn
from app.partners.models import Partner
from app.partners.partner_side import writing
from app.partners.payout_methods.destinations.fields import METHODS, Method
from app.partners.payout_methods.destinations.kinds import FORMS
from app.payouts.connect import accounts
from app.payouts.connect import views as connect_views
from app.payouts.connect.models import ConnectedAccount
from app.payouts.partner_methods import commands, views
from app.sentences import payouts as sentences
from app.views import Request


class MethodQuery(Request):
    """The method whose form is shown, and the country that the methods are checked for."""

    method: Method | None = None
    country: str | None = Field(default=None, pattern="^[A-Za-z]{2}$")


@blueprint.get("/<program_id>/payout-method")
@page("payouts:read")
def payout_method(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """How the partner is paid, each method with the reason why it cannot pay, and the form of one."""
    query = asked(MethodQuery)
    return _show(session, who, program_id, query.method, query.country)


@blueprint.post("/<program_id>/payout-method")
@form("partners:write")
def set_payout_method(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Set how the partner is paid: field `method`, and the fields of its form."""
    method = request.form.get("method", "")
    if method not in METHODS:
        raise InvalidRequest("choose one of the methods on the page", param="method")
    given: dict[str, str | None] = {name: request.form.get(name) or None for name in FORMS[method]}
    try:
        _set(session, who, program_id, method, given)
    except (InvalidRequest, Conflict) as refused:
        return _show(session, who, program_id, method, None, refused=refused)
    answer = redirect(url_for("portal.payout_method", program_id=program_id), 303)
    return layout.flash(answer, "method_saved", method=sentences.method_name(method))


def _set(session: Session, who: SignedIn, program_id: str, method: Method, given: Mapping[str, str | None]) -> None:
    for name, value in given.items():
        refusals.refuse_unstorable(value, name)
    partner = writing.narrow_to_enrollment(session, who.caller, program_id)
    commands.choose_own(session, who.caller, partner, method, given)


def _show(
    session: Session,
    who: SignedIn,
    program_id: str,
    method: Method | None,
    country: str | None,
    *,
    refused: RequestError | None = None,
) -> ResponseReturnValue:
    """The page; after a refusal with its sentence and what was sent."""
    enrolled, livemode = load_enrolled(session, who, program_id), who.caller.livemode
    partner = writing.find_as_owner(session, who.caller, program_id)
    code = country and country.upper()
    return render(
        "payout_method.html",
        who,
        enrolled,
        status=200 if refused is None else refusals.status_of(refused),
        method=views.load_body(session, partner, livemode=livemode),
        ways=views.load_available(session, partner, country=code, currency=None, livemode=livemode),
        account=connect_views.payout_account(partner, _account(session, who, partner)),
        chosen=method,
        fields=FORMS[method] if method else (),
        sent=request.form,
        refused=refused,
    )


def _account(session: Session, who: SignedIn, partner: Partner) -> ConnectedAccount | None:
    own = partner.partner_organization_id
    return accounts.find(session, partner.organization_id, own, livemode=who.caller.livemode)
