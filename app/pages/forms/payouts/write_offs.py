"""Writing off: a balance that will never be paid, or a debt that will never be repaid."""

from typing import Annotated, Literal

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app.http import causes
from app.money import format_money
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Reason, minor_of
from app.pages.forms.once import once
from app.pages.signed_in import SignedIn
from app.pages.words import language
from app.partners.queries.listing import get_partner
from app.payouts.partner_methods import views
from app.payouts.steps import write_offs
from app.views import Request


class WriteOff(Request):
    """What is written off: an amount as people write it, of a balance or of a debt."""

    of: Literal["balance", "debt"]
    currency: Annotated[str, Field(pattern="^[a-z]{3}$")]
    amount: Annotated[str, Field(min_length=1, max_length=40)]
    reason: Reason


@blueprint.get("/partners/<partner_id>/write-off")
@signed_in.page("payouts:write")
def ask_to_write_off(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """What is payable to a partner, or owed by it, and the form that ends a part of it."""
    partner = get_partner(session, who.caller.organization_ids, partner_id)
    method = views.load_body(session, partner, livemode=who.caller.livemode)
    open_balances = [one for one in method.next_payout if one.payable_cents]
    return layout.render(
        "console/paying/write_off.html", who, partner_id=partner_id, code=partner.slug, rows=open_balances
    )


@blueprint.post("/partners/<partner_id>/write-off")
@signed_in.form("payouts:write", shown_on=ask_to_write_off)
@once
def write_off(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """End so much of a balance or debt."""
    partner, body = get_partner(session, who.caller.organization_ids, partner_id), sent(WriteOff)
    amount_minor = minor_of(body.amount, body.currency, "amount")
    done = write_offs.write_off(
        session,
        who.caller,
        partner,
        causes.this_request(),
        livemode=who.caller.livemode,
        currency=body.currency,
        amount_minor=amount_minor if body.of == "balance" else -amount_minor,
        reason=body.reason.strip(),
    )
    back = redirect(url_for("console.partner", partner_id=partner_id), 303)
    return layout.flash(back, "written_off", amount=format_money(abs(done.amount_minor), done.currency, language()))
