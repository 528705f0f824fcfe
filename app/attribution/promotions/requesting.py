"""Commands: request a promotion code in Stripe for a partner. None of them calls Stripe.

The process that asks Stripe makes the code and gives it to the partner; see `worker.stripe_sync.promotion_codes`.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import ids
from app.attribution.promotions.models import PromotionCodeRequest
from app.errors import Conflict, InvalidRequest
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor
from app.partners.models import Partner
from app.programs.models import Program
from app.stripe_sync import api_keys

SPELLING: Final = r"^[A-Za-z0-9-]{3,50}$"
"""Stripe takes letters, digits and hyphens. Source: Stripe API reference, "Create a promotion code", `code`."""


@immutable
class NewCode:
    """A promotion code to make.

    Attributes:
        coupon: Stripe's id of the coupon; None: the program's `promotion_coupon`.
        code: what customers type; None: Stripe chooses it.
        max_redemptions: how often it can be used in all; None: as often as the coupon.
        expires_at: when it ends; None: with the coupon.
    """

    coupon: str | None = None
    code: str | None = None
    max_redemptions: int | None = None
    expires_at: datetime | None = None


def request(
    session: Session, actor: Actor, partner: Partner, asked: NewCode, *, livemode: bool
) -> PromotionCodeRequest:
    """Request a promotion code for a partner. Wake `jobs.PROMOTION_CODES` after the commit.

    Raises:
        InvalidRequest: names the field; `coupon`: neither the request nor the program has one.
        Conflict: `no_stripe_key`: there is no Stripe API key of this mode to make it with.
    """
    coupon = asked.coupon or _program(session, partner).promotion_coupon
    if coupon is None:
        message = "coupon is required, since the program has no promotion_coupon; send existing: true to give a code "
        raise InvalidRequest(f"{message}that Stripe has already", param="coupon")
    if not api_keys.is_stored(session, partner.organization_id, livemode=livemode):
        kind = "live" if livemode else "test"
        raise Conflict(f"there is no {kind} Stripe API key to make the code with; add one first", code="no_stripe_key")
    return _insert(session, actor, partner, asked, coupon, livemode=livemode)


def request_own(session: Session, actor: Actor, partner: Partner, code: str, *, livemode: bool) -> PromotionCodeRequest:
    """Request a partner's own spelling, which it can choose once. Wake `jobs.PROMOTION_CODES` after the commit.

    Args:
        session: of `partner_side.writing.own_transaction`.
        actor: the partner.
        partner: its enrollment.
        code: what customers will type.
        livemode: the mode of the code.

    Raises:
        InvalidRequest: `code` cannot be a promotion code.
        Conflict: `partner_inactive`; `no_promotion_coupon`: the program has no coupon for it; `code_chosen`: it has
            chosen one before that was not refused.
    """
    if partner.status != "active":
        raise Conflict("your enrollment is not active yet; wait for its approval", code="partner_inactive")
    coupon = _program(session, partner).promotion_coupon
    if coupon is None:
        message = "the program has no coupon for promotion codes of partners; ask its owner for a code"
        raise Conflict(message, code="no_promotion_coupon")
    try:
        with session.begin_nested():
            return _insert(session, actor, partner, NewCode(code=code), coupon, livemode=livemode, is_own_choice=True)
    except IntegrityError:
        message = "you have chosen a code already, and it can be chosen once; ask the program's owner for another"
        raise Conflict(message, code="code_chosen", param="code") from None


def _program(session: Session, partner: Partner) -> Program:
    return session.get_one(Program, partner.program_id)


def _insert(
    session: Session,
    actor: Actor,
    partner: Partner,
    asked: NewCode,
    coupon: str,
    *,
    livemode: bool,
    is_own_choice: bool = False,
) -> PromotionCodeRequest:
    if asked.code is not None and not re.fullmatch(SPELLING, asked.code):
        raise InvalidRequest("code must have 3 to 50 letters, digits and hyphens, without accents", param="code")
    now = datetime.now(UTC)
    if asked.expires_at is not None and asked.expires_at < now + timedelta(minutes=1):
        raise InvalidRequest("expires_at is not in the future; send a later time", param="expires_at")
    row = PromotionCodeRequest(
        id=ids.new(),
        organization_id=partner.organization_id,
        livemode=livemode,
        partner_id=partner.id,
        coupon=coupon,
        code=asked.code,
        max_redemptions=asked.max_redemptions,
        expires_at=asked.expires_at,
        is_own_choice=is_own_choice,
        due_at=now,
    )
    session.add(row)
    session.flush()
    details = {"partner_id": ids.encode(ids.PARTNER, partner.id), "coupon": coupon}
    subject_id, owner = ids.encode(ids.PROMOTION_REQUEST, row.id), partner.organization_id
    audit.add_entry(
        session, actor, "promotion_code.requested", subject_id, details, organization_id=owner, livemode=livemode
    )
    return row
