"""Commands: give promotions to partners and take them away; settles the payments concerned, with an audit entry."""

from sqlalchemy.orm import Session

from app import ids
from app.attribution.models import PartnerPromotion
from app.attribution.promotions import owners, used
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.organizations import audit
from app.organizations.actors import Actor
from app.partners.models import Partner
from app.payments import objects


def give(
    session: Session, actor: Actor, partner: Partner, promotion: str, cause: Cause, *, livemode: bool
) -> PartnerPromotion:
    """Give the partner a promotion of one mode, `coupon:…`, and credit the purchases with it inside the window.

    Raises:
        Conflict: `promotion_code_taken`.
    """
    used.hold_all(session, partner.organization_id)
    given = owners.give(session, partner, promotion, livemode=livemode)
    _settle_users(session, given, cause)
    _note(session, actor, "promotion.given", given)
    return given


def take_away(session: Session, actor: Actor, partner: Partner, public_id: str, cause: Cause) -> PartnerPromotion:
    """Take a promotion from a partner, and with it the credit for its uses inside the window. Raises NotFound."""
    used.hold_all(session, partner.organization_id)
    given = owners.take_away(session, partner, public_id)
    _settle_users(session, given, cause)
    _note(session, actor, "promotion.taken_away", given)
    return given


def _settle_users(session: Session, given: PartnerPromotion, cause: Cause) -> None:
    users = used.users_of(session, given.organization_id, [given.promotion], livemode=given.livemode)
    for scope in sorted(users):
        locked = objects.lock(session, scope, users[scope], newly_named=users[scope])
        settle_objects(session, scope, locked, cause)


def _note(session: Session, actor: Actor, action: str, given: PartnerPromotion) -> None:
    kind, _, value = given.promotion.partition(":")
    details = {"partner_id": ids.encode(ids.PARTNER, given.partner_id), kind: value}
    subject_id = ids.encode(ids.PROMOTION, given.id)
    owner, livemode = given.organization_id, given.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)
