"""Promotion codes of a partner: made in Stripe, given, and taken away."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import jobs
from app.attribution.promotions import owners, request_views, requested, requesting
from app.commissions.by_hand import promotion_credit
from app.commissions.by_hand.promotion_views import promotion_body
from app.http import causes
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Day, begin_of, blueprint, sent
from app.pages.forms.once import once
from app.pages.signed_in import SignedIn
from app.partners.queries.listing import get_partner
from app.programs.models import Program
from app.views import Request

Text = Annotated[str, Field(max_length=255)]


class NewPromotionCode(Request):
    """A promotion code to make in Stripe.

    Attributes:
        coupon: Stripe's id; None: the program's coupon.
        code: what customers type; None: Stripe chooses it.
        last_day: the last day in UTC on which it works; None: as long as the coupon.
    """

    coupon: Text | None = None
    code: Text | None = None
    max_redemptions: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    last_day: Day | None = None

    @property
    def expires_at(self) -> datetime | None:
        """The end of the last day."""
        return None if self.last_day is None else begin_of(self.last_day + timedelta(days=1))


class Gift(Request):
    """A promotion that Stripe has already: its id, or what customers type."""

    kind: Literal["code", "promotion_code", "coupon"]
    promotion: Annotated[str, Field(min_length=1, max_length=255)]


@blueprint.get("/partners/<partner_id>/promotions")
@signed_in.page("partners:write")
def partner_promotions(session: Session, who: SignedIn, partner_id: str, **_path: str) -> Response:
    """The partner's promotions, those that were requested in Stripe, and the forms."""
    partner = get_partner(session, who.caller.organization_ids, partner_id)
    livemode = who.caller.livemode
    given = owners.given_to(session, partner.id, livemode=livemode, limit=ROWS)
    asked = requested.list_requests(session, partner.id, livemode=livemode, limit=ROWS)
    return layout.render(
        "console/partners/promotions.html",
        who,
        partner_id=partner_id,
        name=partner.full_name or partner.slug,
        coupon=session.get_one(Program, partner.program_id).promotion_coupon,
        given=[promotion_body(row) for row in given.rows],
        requests=[request_views.request_body(row) for row in asked.rows],
        values=request.form,
    )


@blueprint.post("/partners/<partner_id>/promotions")
@signed_in.form("partners:write", shown_on=partner_promotions)
@once
def make_promotion(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Request a promotion code in Stripe, which the partner gets once Stripe has made it."""
    partner, asked = get_partner(session, who.caller.organization_ids, partner_id), sent(NewPromotionCode)
    code = requesting.NewCode(asked.coupon, asked.code, asked.max_redemptions, asked.expires_at)
    requesting.request(session, who.caller, partner, code, livemode=who.caller.livemode)
    jobs.wake(jobs.PROMOTION_CODES)
    return layout.flash(to_promotions(partner_id), "promotion_requested")


@blueprint.post("/partners/<partner_id>/promotions/give")
@signed_in.form("partners:write", shown_on=partner_promotions)
def give_promotion(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Give the partner a promotion that Stripe has; purchases with it inside the window are credited at once."""
    partner, asked = get_partner(session, who.caller.organization_ids, partner_id), sent(Gift)
    promotion = owners.promotion_named({asked.kind: asked.promotion})
    cause = causes.this_request()
    promotion_credit.give(session, who.caller, partner, promotion, cause, livemode=who.caller.livemode)
    return layout.flash(to_promotions(partner_id), "promotion_given")


@blueprint.post("/partners/<partner_id>/promotions/<promotion_id>/remove")
@signed_in.form("partners:write", shown_on=partner_promotions)
def take_promotion_away(session: Session, who: SignedIn, partner_id: str, promotion_id: str) -> ResponseReturnValue:
    """Take a promotion from the partner; credit for its uses before the window stays."""
    partner = get_partner(session, who.caller.organization_ids, partner_id)
    promotion_credit.take_away(session, who.caller, partner, promotion_id, causes.this_request())
    return layout.flash(to_promotions(partner_id), "promotion_removed")


def to_promotions(partner_id: str) -> AnyResponse:
    """To the page of the partner's promotions."""
    return redirect(url_for("console.partner_promotions", partner_id=partner_id), 303)
