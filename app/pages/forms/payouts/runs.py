"""Confirming and canceling a whole run; each page says in numbers what it does."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import causes
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Moment, require_no_more
from app.pages.signed_in import SignedIn
from app.payouts.models import PayoutRun
from app.payouts.reserving import commands
from app.payouts.showing import queries, run_views
from app.payouts.steps import confirming
from app.views import Request


class Confirmation(Request):
    """When the payouts were paid, and how many the page showed."""

    paid_at: Moment | None = None
    shown: int | None = None


@blueprint.get("/payout-runs/<payout_run_id>/confirm")
@signed_in.page("payouts:write")
def ask_to_confirm_run(session: Session, who: SignedIn, payout_run_id: str) -> ResponseReturnValue:
    """How many payouts of a run, and which amounts, a confirmation makes paid."""
    return _ask("console/paying/confirm_run.html", session, who, payout_run_id)


@blueprint.post("/payout-runs/<payout_run_id>/confirm")
@signed_in.form("payouts:write", shown_on=ask_to_confirm_run)
def confirm_run(session: Session, who: SignedIn, payout_run_id: str) -> ResponseReturnValue:
    """Confirm the payouts of a run that are in downloaded files; refused if there are more than the page showed."""
    run, body = _run(session, who, payout_run_id), sent(Confirmation)
    paid = confirming.confirm_run(session, who.caller, run, causes.this_request(), paid_at=body.paid_at)
    require_no_more(len(paid), body.shown)
    return layout.flash(_to_run(payout_run_id), "run_confirmed", count=len(paid))


@blueprint.get("/payout-runs/<payout_run_id>/cancel")
@signed_in.page("payouts:write")
def ask_to_cancel_run(session: Session, who: SignedIn, payout_run_id: str) -> ResponseReturnValue:
    """How many payouts of a run, and which amounts, a cancellation makes payable again, and what stays."""
    return _ask("console/paying/cancel_run.html", session, who, payout_run_id)


@blueprint.post("/payout-runs/<payout_run_id>/cancel")
@signed_in.form("payouts:write", shown_on=ask_to_cancel_run)
def cancel_run(session: Session, who: SignedIn, payout_run_id: str) -> ResponseReturnValue:
    """Cancel the payouts of a run of which nothing was sent."""
    commands.cancel(session, who.caller, _run(session, who, payout_run_id), causes.this_request())
    return layout.flash(_to_run(payout_run_id), "run_canceled")


def _ask(template: str, session: Session, who: SignedIn, payout_run_id: str) -> ResponseReturnValue:
    run = _run(session, who, payout_run_id)
    shown = run_views.run_summary(session, run)
    return layout.render(template, who, shown=shown, parts=queries.parts_of(session, run))


def _run(session: Session, who: SignedIn, payout_run_id: str) -> PayoutRun:
    return queries.get_run(session, who.caller.organization_ids, payout_run_id)


def _to_run(payout_run_id: str) -> Response:
    return redirect(url_for("console.payout_run", payout_run_id=payout_run_id), 303)
