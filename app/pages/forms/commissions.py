"""Approving commissions in bulk, and approving or rejecting those of one payment."""

from datetime import UTC, datetime

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.commissions import queries
from app.commissions.decisions import bulk_approval, commands, views
from app.commissions.models import Conversion
from app.http import causes
from app.pages import layout, signed_in
from app.pages.console import payments
from app.pages.console.frame import asked, blueprint, sent
from app.pages.forms.fields import OptionalReason, Reason, require_no_more
from app.pages.signed_in import SignedIn
from app.paging import Between, Span
from app.partners.queries.listing import get_partner
from app.views import Request, exact_text


class BulkApproval(Between):
    """What is approved: the conversions of this partner that customers paid for in this period.

    `shown`: how many the page counted.
    """

    partner: str | None = None
    shown: int | None = None
    reason: OptionalReason = ""


class Approval(Request):
    """An approval; during a hold it needs `force` and a reason."""

    reason: OptionalReason = ""
    force: bool = False


class Rejection(Request):
    """A rejection."""

    reason: Reason


@blueprint.get("/commissions/approve")
@signed_in.page("conversions:write")
def ask_to_approve(session: Session, who: SignedIn) -> ResponseReturnValue:
    """How many conversions, and which amounts, an approval of what the filter shows would approve."""
    query = asked(payments.CommissionQuery)
    until = query.span.until or datetime.now(UTC)
    chosen = BulkApproval(partner=query.partner, since=query.span.since, until=until)
    return layout.render(
        "console/approve.html",
        who,
        shown=_approve(session, who, chosen, dry_run=True),
        fields={
            "partner": query.partner or "",
            "since": "" if chosen.since is None else exact_text(chosen.since),
            "until": exact_text(until),
        },
        until=until,
        since=chosen.since,
        partner=get_partner(session, who.caller.organization_ids, query.partner) if query.partner else None,
    )


@blueprint.post("/commissions/approve")
@signed_in.form("conversions:write")
def approve_commissions(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Approve the conversions that were counted, up to 500; refused if there are more now."""
    chosen = sent(BulkApproval)
    approved = _approve(session, who, chosen, dry_run=False)
    require_no_more(approved.approved, chosen.shown)
    code = "more_to_approve" if approved.has_more else "commissions_approved"
    return layout.flash(redirect(url_for("console.commissions"), 303), code, count=approved.approved)


@blueprint.post("/commissions/<commission_id>/approve")
@signed_in.form("conversions:write", shown_on=payments.commission)
def approve_commission(session: Session, who: SignedIn, commission_id: str) -> ResponseReturnValue:
    """Make the commissions of a payment payable now."""
    conversion = _conversion(session, who, commission_id)
    body = sent(Approval)
    commands.approve(
        session, who.caller, conversion, causes.this_request(), reason=body.reason.strip(), force=body.force
    )
    return layout.flash(_to_commission(commission_id), "commission_approved")


@blueprint.post("/commissions/<commission_id>/reject")
@signed_in.form("conversions:write", shown_on=payments.commission)
def reject_commission(session: Session, who: SignedIn, commission_id: str) -> ResponseReturnValue:
    """Take back the commissions of a payment, on every level."""
    conversion = _conversion(session, who, commission_id)
    reason = sent(Rejection).reason.strip()
    commands.reject(session, who.caller, conversion, causes.this_request(), reason=reason)
    return layout.flash(_to_commission(commission_id), "commission_rejected")


def _approve(session: Session, who: SignedIn, chosen: BulkApproval, *, dry_run: bool) -> views.BulkApproved:
    owners = who.caller.organization_ids
    partner = get_partner(session, owners, chosen.partner) if chosen.partner else None
    selected = bulk_approval.ApprovalFilter(who.caller.livemode, partner, paid=Span(chosen.since, chosen.until))
    approved = bulk_approval.approve_matching(
        session, who.caller, owners, selected, causes.this_request(), reason=chosen.reason.strip(), dry_run=dry_run
    )
    return views.bulk_approved(approved, dry_run=dry_run)


def _conversion(session: Session, who: SignedIn, commission_id: str) -> Conversion:
    """The conversion of a commission. Raises NotFound."""
    _, conversion, *_ = queries.get_commission(session, who.caller.organization_ids, commission_id)
    return conversion


def _to_commission(commission_id: str) -> Response:
    return redirect(url_for("console.commission", commission_id=commission_id), 303)
