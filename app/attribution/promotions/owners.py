"""Ownership of promotions: giving promotion codes and coupons to partners, and taking them away."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.attribution.models import PartnerPromotion
from app.attribution.names import fold
from app.errors import Conflict, InvalidRequest, NotFound
from app.paging import Page, load_page
from app.partners.models import Partner

KINDS: Final = frozenset({"promotion_code", "coupon", "code"})
"""How an existing promotion is named: by one of its ids at Stripe, or by what customers type."""


def promotion_named(sent: Mapping[str, object]) -> str:
    """The existing promotion that was sent, as it is stored: `coupon:SPRING`, `promotion_code:promo_…`, `code:ada20`.

    Args:
        sent: the fields of a promotion by their names; those that are None were not sent.

    Raises:
        InvalidRequest: not exactly one of promotion_code, coupon and code was sent, or it is empty.
    """
    given = {name: value for name, value in sent.items() if value is not None}
    if len(given) != 1 or not given.keys() & KINDS:
        raise InvalidRequest(
            "of an existing promotion, send exactly one of promotion_code, coupon and code", param="promotion_code"
        )
    [(kind, value)] = given.items()
    name = fold(str(value)) if kind == "code" else str(value).strip().replace("\0", "")
    if not name:
        raise InvalidRequest(f"{kind} is empty; send the promotion's id or code", param=kind)
    return f"{kind}:{name}"


def give(session: Session, partner: Partner, promotion: str, *, livemode: bool) -> PartnerPromotion:
    """Give the partner a promotion of one mode, `promotion_code:…`, `coupon:…` or `code:…`; returns its row.

    Raises:
        Conflict: `promotion_code_taken`: it belongs to another partner.
    """
    mine = {"id": ids.new(), "organization_id": partner.organization_id, "partner_id": partner.id}
    row = {**mine, "promotion": promotion, "livemode": livemode}
    session.execute(insert(PartnerPromotion).values(row).on_conflict_do_nothing())
    existing = session.scalars(
        select(PartnerPromotion).where(
            PartnerPromotion.organization_id == partner.organization_id,
            PartnerPromotion.livemode == livemode,
            PartnerPromotion.promotion == promotion,
            PartnerPromotion.removed_at.is_(None),
        )
    ).one()
    if existing.partner_id != partner.id:
        raise Conflict(f"{promotion} belongs to another partner; delete it there first", code="promotion_code_taken")
    return existing


def take_away(session: Session, partner: Partner, public_id: str) -> PartnerPromotion:
    """Take a promotion from the partner; uses from before the window still count. Raises NotFound."""
    owned = session.scalar(
        select(PartnerPromotion)
        .where(
            PartnerPromotion.id == ids.decode(public_id, ids.PROMOTION),
            PartnerPromotion.partner_id == partner.id,
            PartnerPromotion.removed_at.is_(None),
        )
        .with_for_update()
    )
    if owned is None:
        raise NotFound.of("promotion code", public_id, where=" of this partner")
    owned.removed_at = datetime.now(UTC)
    session.flush()
    return owned


def given_to(
    session: Session, partner_id: UUID, *, livemode: bool, limit: int, starting_after: str | None = None
) -> Page[PartnerPromotion]:
    """A page of the promotions the partner has in live or in test mode, newest first. Raises InvalidRequest."""
    of_partner = select(PartnerPromotion).where(
        PartnerPromotion.partner_id == partner_id,
        PartnerPromotion.livemode == livemode,
        PartnerPromotion.removed_at.is_(None),
    )
    return load_page(
        session, of_partner, PartnerPromotion.id, ids.PROMOTION, limit=limit, starting_after=starting_after
    )
