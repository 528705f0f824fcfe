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
    owned = owners.give(session, partner, promotion, livemode=livemode)
    _settle_users(session, owned, cause)
    _note(session, actor, "promotion.given", owned)
    return owned


def take_away(session: Session, actor: Actor, partner: Partner, public_id: str, cause: Cause) -> PartnerPromotion:
    """Take a promotion from a partner, and with it the credit for its uses inside the window. Raises NotFound."""
    used.hold_all(session, partner.organization_id)
    owned = owners.take_away(session, partner, public_id)
    _settle_users(session, owned, cause)
    _note(session, actor, "promotion.taken_away", owned)
    return owned


def _settle_users(session: Session, owned: PartnerPromotion, cause: Cause) -> None:
    users = used.users_of(session, owned.organization_id, [owned.promotion], livemode=owned.livemode)
    for scope in sorted(users):
        locked = objects.lock(session, scope, users[scope], newly_named=users[scope])
        settle_objects(session, scope, locked, cause)


def _note(session: Session, actor: Actor, action: str, owned: PartnerPromotion) -> None:
    kind, _, value = owned.promotion.partition(":")
    details = {"partner_id": ids.encode(ids.PARTNER, owned.partner_id), kind: value}
    subject_id = ids.encode(ids.PROMOTION, owned.id)
    owner, livemode = owned.organization_id, owned.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)
