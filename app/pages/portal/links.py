"""A partner's links to pages of the program, with their QR codes, and its promotion codes."""

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app import jobs, refusals
from app.attribution.promotions import owners, request_views, requested, requesting
from app.commissions.by_hand import promotion_views
from app.errors import Conflict, InvalidRequest, NotFound, RequestError
from app.http import configured
from app.pages import layout
from app.pages.console.frame import ROWS, asked
from app.pages.portal import codes
from app.pages.portal.frame import blueprint, form, load_enrolled, page, render
from app.pages.signed_in import SignedIn
from app.partners.partner_side import writing
from app.partners.partner_side.views import Referral
from app.programs.models import Program
from app.touchpoints import own_links
from app.views import Request


class LinkQuery(Request):
    """Where a link leads, and what the partner calls it."""

    to: str | None = Field(default=None, max_length=2048)
    sub_id: str | None = Field(default=None, max_length=100)


@blueprint.get("/<program_id>/links")
@page("partners:read")
def links(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """The form that makes links, the link that it made, the partner's codes, and its promotion codes."""
    query, enrolled = asked(LinkQuery), load_enrolled(session, who, program_id)
    made, refused = _made(session, who, program_id, query)
    livemode = who.caller.livemode
    own = writing.find_enrollment(session, who.caller, program_id)
    asked_for = requested.list_requests(session, own.id, livemode=livemode, limit=ROWS)
    partner = writing.find_as_owner(session, who.caller, program_id)
    given = owners.given_to(session, partner.id, livemode=livemode, limit=ROWS)
    return render(
        "links.html",
        who,
        enrolled=enrolled,
        status=200 if refused is None else refusals.status_of(refused),
        asked=query,
        made=made,
        refused=refused,
        picture=codes.picture(made.link) if made.link else None,
        requests=[request_views.request_body(row) for row in asked_for.rows],
        given=[promotion_views.promotion_body(row) for row in given.rows],
        may_choose=session.get_one(Program, partner.program_id).promotion_coupon is not None
        and not any(row.is_own_choice and row.failed_at is None for row in asked_for.rows),
    )


@blueprint.get("/<program_id>/code.png")
@page("partners:read")
def code_picture(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """The QR code of a link of the partner's as a file."""
    made = _load(session, who, program_id, asked(LinkQuery))
    if made.link is None:
        raise NotFound("the program has no landing page yet, so there is no link; ask the owner")
    headers = {"Content-Disposition": f'attachment; filename="{made.code}.png"'}
    return Response(codes.png(made.link), mimetype="image/png", headers=headers)


@blueprint.post("/<program_id>/promotion-codes")
@form("partners:write", shown_on=links)
def choose_promotion_code(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Choose what customers type, once: field `code`."""
    partner = writing.narrow_to_enrollment(session, who.caller, program_id)
    code = request.form.get("code", "").strip()
    requesting.request_own(session, who.caller, partner, code, livemode=who.caller.livemode)
    jobs.wake(jobs.PROMOTION_CODES)
    answer = redirect(url_for("portal.links", program_id=program_id, _anchor="promotions"), 303)
    return layout.flash(answer, "promotion_code_chosen", spelling=code)


def _made(session: Session, who: SignedIn, program_id: str, query: LinkQuery) -> tuple[Referral, RequestError | None]:
    """The link that was asked for; if it is refused, the plain one and the refusal."""
    try:
        return _load(session, who, program_id, query), None
    except (Conflict, InvalidRequest) as refused:
        return _load(session, who, program_id, LinkQuery()), refused


def _load(session: Session, who: SignedIn, program_id: str, query: LinkQuery) -> Referral:
    url = configured.settings().public_url
    return own_links.load_link(session, who.caller, program_id, url, to=query.to, sub_id=query.sub_id)
