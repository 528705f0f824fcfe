"""What became of a payout: confirmed, failed, canceled, or money that came back; each on a page of its own."""

from typing import Annotated

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import causes
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Line, Moment, OptionalReason, Reason, minor_of
from app.pages.forms.once import once
from app.pages.signed_in import SignedIn
from app.partners.queries.codes import load_codes
from app.payouts.models import Payout
from app.payouts.showing import moves, queries, views
from app.payouts.showing.moves import Move
from app.payouts.steps import commands
from app.views import Request


class Confirmation(Request):
    """That a payout has reached the partner."""

    reference: Line | None = None
    paid_at: Moment | None = None


class Failure(Request):
    """That a payout did not reach the partner."""

    reason: Reason


class Cancellation(Request):
    """That a payout is not paid; `force`: although its file was downloaded."""

    reason: OptionalReason = ""
    force: bool = False


class Return(Request):
    """That money came back: an amount as people write it."""

    amount: Annotated[str, Field(min_length=1, max_length=40)]
    reason: Reason
    returned_at: Moment | None = None


@blueprint.get("/payouts/<payout_id>/confirm")
@signed_in.page("payouts:write")
def ask_to_confirm_payout(session: Session, who: SignedIn, payout_id: str) -> ResponseReturnValue:
    """What is confirmed, with the name of the payment and the time."""
    return _ask(session, who, payout_id, "confirm")


@blueprint.post("/payouts/<payout_id>/confirm")
@signed_in.form("payouts:write", shown_on=ask_to_confirm_payout)
def confirm_payout(session: Session, who: SignedIn, payout_id: str) -> ResponseReturnValue:
    """Record that a payout has reached the partner."""
    payout, body = _payout(session, who, payout_id), sent(Confirmation)
    reference = body.reference and body.reference.strip()
    by = causes.this_request()
    commands.confirm(session, who.caller, payout, by, reference=reference, paid_at=body.paid_at)
    return _to_payout(payout_id, "payout_paid")


@blueprint.get("/payouts/<payout_id>/fail")
@signed_in.page("payouts:write")
def ask_to_fail_payout(session: Session, who: SignedIn, payout_id: str) -> ResponseReturnValue:
    """What fails, and what is payable again then."""
    return _ask(session, who, payout_id, "fail")


@blueprint.post("/payouts/<payout_id>/fail")
@signed_in.form("payouts:write", shown_on=ask_to_fail_payout)
def fail_payout(session: Session, who: SignedIn, payout_id: str) -> ResponseReturnValue:
    """Record that a payout did not reach the partner."""
    payout, reason = _payout(session, who, payout_id), sent(Failure).reason.strip()
    commands.fail(session, who.caller, payout, causes.this_request(), reason=reason)
    return _to_payout(payout_id, "payout_failed")


@blueprint.get("/payouts/<payout_id>/cancel")
@signed_in.page("payouts:write")
def ask_to_cancel_payout(session: Session, who: SignedIn, payout_id: str) -> ResponseReturnValue:
    """What is canceled, and what becomes of its file."""
    return _ask(session, who, payout_id, "cancel")


@blueprint.post("/payouts/<payout_id>/cancel")
@signed_in.form("payouts:write", shown_on=ask_to_cancel_payout)
def cancel_payout(session: Session, who: SignedIn, payout_id: str) -> ResponseReturnValue:
    """Cancel a payout that was not paid."""
    payout, body = _payout(session, who, payout_id), sent(Cancellation)
    by = causes.this_request()
    commands.cancel(session, who.caller, payout, by, force=body.force, reason=body.reason.strip())
    return _to_payout(payout_id, "payout_canceled")


@blueprint.get("/payouts/<payout_id>/return")
@signed_in.page("payouts:write")
def ask_to_return_payout(session: Session, who: SignedIn, payout_id: str) -> ResponseReturnValue:
    """How much of a payout can come back, and what is payable again then."""
    return _ask(session, who, payout_id, "return")


@blueprint.post("/payouts/<payout_id>/return")
@signed_in.form("payouts:write", shown_on=ask_to_return_payout)
@once
def return_payout(session: Session, who: SignedIn, payout_id: str) -> ResponseReturnValue:
    """Record that money of a payout came back, the whole or a part."""
    payout, body = _payout(session, who, payout_id), sent(Return)
    commands.give_back(
        session,
        who.caller,
        payout,
        causes.this_request(),
        amount_minor=minor_of(body.amount, payout.currency, "amount"),
        reason=body.reason.strip(),
        returned_at=body.returned_at,
    )
    return _to_payout(payout_id, "payout_returned")


def _ask(session: Session, who: SignedIn, payout_id: str, move: Move) -> ResponseReturnValue:
    payout = _payout(session, who, payout_id)
    shown = views.payout_body(payout)
    return layout.render(
        "console/paying/change.html",
        who,
        shown=shown,
        move=move,
        may=move in moves.moves_of(payout),
        left_cents=shown.net_cents - shown.returned_cents,
        codes=load_codes(session, [shown.partner_id]),
    )


def _payout(session: Session, who: SignedIn, payout_id: str) -> Payout:
    return queries.get_payout(session, who.caller.organization_ids, payout_id)


def _to_payout(payout_id: str, code: str) -> Response:
    return layout.flash(redirect(url_for("console.payout", payout_id=payout_id), 303), code)
