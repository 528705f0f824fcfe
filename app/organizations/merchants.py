"""The operator's commands for merchants: creating or finding them, and promoting affiliates."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, InvalidRequest, NotFound
from app.organizations import audit, hierarchy
from app.organizations.actors import Actor, name_of
from app.organizations.models import ApiKey, AuditEntry, Organization
from app.organizations.permissions import LEVELS, default_scopes
from app.texts import require_address


def find_or_create(session: Session, actor: Actor, named: str, *, email: str) -> Organization:
    """The merchant with this id, or the one that `actor` created with this name; created now if there is none.

    Affiliates and merchants created by a key are not found by name. `email` is the address of a new merchant.

    Raises:
        NotFound: `organization_not_found`: no organization has this id.
        Conflict: `not_a_merchant`: the id is an affiliate's; `name_taken`: another actor created a merchant with this
            name.
        InvalidRequest: several merchants created by `actor` have this name, or `email` is not an address.
    """
    require_address(email)
    if named.startswith(f"{ids.ORGANIZATION}_"):  # a mistyped id must not become a merchant's name
        organization_id = ids.decode(named, ids.ORGANIZATION)
        organization = session.get(Organization, organization_id) if organization_id else None
        if organization is None:
            raise NotFound(f"no organization {named!r} was found", code="organization_not_found", param="organization")
        hierarchy.require_merchant(session, organization.id)
        return organization
    of_that_name = select(Organization).where(Organization.name == named, Organization.kind == "merchant")
    namesakes = session.scalars(of_that_name.order_by(Organization.id)).all()
    made = [namesake for namesake in namesakes if _was_made_by(session, name_of(actor), namesake)]
    if len(made) > 1:
        which = ", ".join(ids.encode(ids.ORGANIZATION, namesake.id) for namesake in made)
        raise InvalidRequest(f"several organizations are called {named}; give an id: {which}", param="organization")
    if namesakes and not made:
        public_id = ids.encode(ids.ORGANIZATION, namesakes[0].id)
        raise Conflict(
            f"{public_id} is called {named} too and was made in another way. If you mean it, give its id; "
            "if not, choose another name",
            code="name_taken",
            param="organization",
        )
    return made[0] if made else create_merchant(session, actor, name=named, email=email)


def create_merchant(session: Session, actor: Actor, *, name: str, email: str | None) -> Organization:
    """Create a merchant without a parent, with an entry in its own audit trail. For the operator, not for keys."""
    merchant = hierarchy.create_organization(session, kind="merchant", name=name, email=email)
    subject_id = ids.encode(ids.ORGANIZATION, merchant.id)
    audit.add_entry(session, actor, "organization.created", subject_id, organization_id=merchant.id)
    return merchant


def promote(session: Session, actor: Actor, organization: Organization) -> None:
    """Make an affiliate a merchant, with an audit entry. For the operator, not for keys.

    Its present keys keep their partner-side scopes; new keys can have more permissions.

    Raises:
        Conflict: `already_merchant`.
    """
    subject_id = ids.encode(ids.ORGANIZATION, organization.id)
    if organization.kind == "merchant":
        raise Conflict(f"{subject_id} is a merchant already", code="already_merchant")
    # Scopes are stored explicitly, because an old key without scopes would now have all permissions.
    keep = update(ApiKey).where(ApiKey.organization_id == organization.id, ApiKey.scopes == [])
    for level in LEVELS:
        named = list(default_scopes(organization.kind, level))
        session.execute(keep.where(ApiKey.level == level).values(scopes=named))
    organization.kind = "merchant"
    session.flush()
    audit.add_entry(session, actor, "organization.promoted", subject_id, organization_id=organization.id)


def _was_made_by(session: Session, actor_name: str, organization: Organization) -> bool:
    """Whether the organization's own audit trail has its creation by this actor. Keys write to the parent's trail."""
    created = select(AuditEntry.id).where(
        AuditEntry.organization_id == organization.id,
        AuditEntry.action == "organization.created",
        AuditEntry.subject_id == ids.encode(ids.ORGANIZATION, organization.id),
        AuditEntry.actor == actor_name,
    )
    return session.scalar(created.limit(1)) is not None
