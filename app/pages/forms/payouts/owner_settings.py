"""The payout settings: the account that bank transfers are paid from, and the currency that Wise takes."""

from typing import Annotated, Any

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import configured
from app.pages import layout, signed_in
from app.pages.console import payouts
from app.pages.console.frame import blueprint, sent
from app.pages.signed_in import SignedIn
from app.payouts.owner_settings import commands, views
from app.views import Request

Text = Annotated[str, Field(max_length=200)]


class Account(Request):
    """The account that bank transfers in euros are paid from; the command says what is missing."""

    name: Text | None = None
    iban: Text | None = None
    bic: Text | None = None
    street: Text | None = None
    postal_code: Text | None = None
    town: Text | None = None
    country: Text | None = None


class WiseCurrency(Request):
    """The currency that Wise takes the money in; None: Wise is not used."""

    wise_source_currency: Text | None = None


@blueprint.post("/settings/payouts")
@signed_in.form("payout_settings:write", shown_on=payouts.payout_settings)
def set_payout_account(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Set the account that bank transfers are paid from. Files that were made keep what they have."""
    return _change(session, who, {"debtor": sent(Account).model_dump()}, "payout_account_set")


@blueprint.post("/settings/payouts/wise")
@signed_in.form("payout_settings:write", shown_on=payouts.payout_settings)
def set_wise_currency(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Set the currency that Wise takes the money in; without one, Wise is not used."""
    return _change(session, who, sent(WiseCurrency).model_dump(), "wise_currency_set")


@blueprint.get("/settings/payouts/remove-account")
@signed_in.page("payout_settings:write")
def ask_to_remove_payout_account(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Which account is removed, and what is not possible without it."""
    shown = views.load_body(session, who.caller.organization_id, livemode=who.caller.livemode)
    return layout.render("console/paying/remove_account.html", who, shown=shown)


@blueprint.post("/settings/payouts/remove-account")
@signed_in.form("payout_settings:write", shown_on=ask_to_remove_payout_account)
def remove_payout_account(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Remove the account; files that were made keep it."""
    return _change(session, who, {"debtor": None}, "payout_account_removed")


def _change(session: Session, who: SignedIn, changes: dict[str, Any], code: str) -> Response:
    commands.change(session, who.caller, who.caller.organization_id, changes, configured.settings())
    return layout.flash(redirect(url_for("console.payout_settings"), 303), code)
