"""Ownership of promotions: giving promotion codes and coupons to partners, and taking them away."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.attribution.models import PartnerPromotion
from app.errors import Conflict, NotFound
from app.paging import Page, load_page
from app.partners.models import Partner


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
