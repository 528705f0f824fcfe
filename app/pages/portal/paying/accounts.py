"""A partner's account at Stripe: opened, and continued at Stripe by a link that works once."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import jobs
from app.http import configured
from app.pages import signed_in
from app.pages.portal.frame import blueprint, render
from app.pages.signed_in import SignedIn
from app.partners.partner_side import writing
from app.payouts.connect import commands, links


@blueprint.post("/<program_id>/payout-account")
@signed_in.form_that_waits("partners:write")
def continue_at_stripe(_session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Open the account, with the field `country` if it is new, and show the link to Stripe's onboarding, this once.

    The page has a link instead of leading there itself: the policy of pages lets forms lead to this server only.
    """
    country = request.form.get("country", "").strip().upper() or None
    if country is not None:
        with writing.own_transaction(who.caller, program_id) as (session, partner):
            commands.open_account(session, who.caller, partner, country, livemode=who.caller.livemode)
        jobs.wake(jobs.ACCOUNTS)
    page = url_for("portal.payout_method", program_id=program_id)
    back = f"{configured.settings().public_url}{page}"
    shown = links.obtain(who.caller, program_id, return_url=back, refresh_url=back, home=back)
    return render("payout_account.html", who, status=201, shown=shown, program_id=program_id, back=page)
