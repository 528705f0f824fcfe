"""Organizations and their tree: creating, moving, listing and finding them. A key also manages all descendants."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import Conflict, NotFound
from app.organizations import audit
from app.organizations.actors import Actor
from app.organizations.models import Organization
from app.organizations.permissions import Caller, Kind
from app.paging import Page, load_page, owned_by
from app.texts import require_address, require_line


def create_organization(
    session: Session,
    *,
    kind: Kind,
    name: str,
    email: str | None = None,
    parent_id: UUID | None = None,
    organization_id: UUID | None = None,
) -> Organization:
    """Insert an organization and return it; its id is new unless `organization_id` is given.

    Raises:
        InvalidRequest: the name is blank or has control characters, or `email` is not an address.
    """
    organization = Organization(
        id=organization_id or ids.new(),
        kind=kind,
        name=require_line(name, param="name"),
        email=require_address(email) if email else None,
        parent_id=parent_id,
    )
    session.add(organization)
    session.flush()
    return organization


def create_child(session: Session, actor: Caller, parent_id: UUID, *, name: str, email: str | None) -> Organization:
    """Create a merchant below another one that the actor manages, with an entry in the parent's audit trail.

    The transaction can see the child from now on; the actor's next request sees it anyway.

    Raises:
        Conflict: `not_a_merchant`: the parent is an affiliate.
    """
    require_merchant(session, parent_id)
    child_id = ids.new()
    db.narrow_to_organizations(session, [*actor.organization_ids, child_id], livemode=actor.livemode)
    child = create_organization(
        session, kind="merchant", name=name, email=email, parent_id=parent_id, organization_id=child_id
    )
    # In the parent's trail and not the child's, because a child's keys must not see the parent.
    subject_id = ids.encode(ids.ORGANIZATION, child.id)
    audit.add_entry(session, actor, "organization.created", subject_id, organization_id=parent_id)
    return child


def require_merchant(session: Session, organization_id: UUID) -> None:
    """Refuse an affiliate, which cannot own programs, webhook endpoints or organizations.

    Raises:
        Conflict: `not_a_merchant`.
    """
    if session.scalar(select(Organization.kind).where(Organization.id == organization_id)) == "affiliate":
        public_id = ids.encode(ids.ORGANIZATION, organization_id)
        raise Conflict(
            f"{public_id} is an affiliate. Only merchants own programs, webhook endpoints and organizations; "
            f"`accrual organizations promote {public_id}` makes it one",
            code="not_a_merchant",
        )


def own_and_descendants(session: Session, organization_id: UUID) -> tuple[UUID, ...]:
    """The ids of the organization and of all below it, its own first."""
    # UNION instead of UNION ALL, so that the query would end even if there were a cycle, which the database refuses.
    rows = session.execute(
        text("""
            WITH RECURSIVE managed (id) AS (
                VALUES (CAST(:id AS uuid))
                UNION
                SELECT child.id FROM organizations AS child JOIN managed ON child.parent_id = managed.id
            )
            SELECT id FROM managed
        """),
        {"id": organization_id},
    )
    return tuple(rows.scalars())


def move(session: Session, actor: Actor, organization: Organization, parent: Organization | None) -> None:
    """Set an organization's parent, which then manages it and all below it; None: it has no parent. Audit entry.

    Raises:
        Conflict: `organization_cycle`: the new parent is the organization itself or below it; `not_a_merchant`: the new
            parent is an affiliate.
    """
    if parent is not None:
        require_merchant(session, parent.id)
    # One move at a time, because two concurrent valid moves could make a cycle. The trigger takes the same lock.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('organizations.parent_id'))"))
    if parent is not None and parent.id in own_and_descendants(session, organization.id):
        raise Conflict(
            f"{parent.name} cannot be the parent of {organization.name}: it is the same organization or below it",
            code="organization_cycle",
        )
    organization.parent_id = parent.id if parent is not None else None
    session.flush()
    subject_id = ids.encode(ids.ORGANIZATION, organization.id)
    audit.add_entry(session, actor, "organization.moved", subject_id, organization_id=organization.id)


def list_organizations(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    limit: int,
    starting_after: str | None = None,
    parent_id: UUID | None = None,
) -> Page[Organization]:
    """A page of these organizations, newest first; with `parent_id` only its children among them."""
    matching = select(Organization).where(owned_by(Organization.id, organization_ids))
    if parent_id is not None:
        matching = matching.where(Organization.parent_id == parent_id)
    return load_page(session, matching, Organization.id, ids.ORGANIZATION, limit=limit, starting_after=starting_after)


def list_all(session: Session) -> Sequence[Organization]:
    """All organizations of this installation, oldest first. For the operator, not for keys."""
    return session.scalars(select(Organization).order_by(Organization.id)).all()


def get_organization(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, param: str | None = None
) -> Organization:
    """The organization with this public id, if it is among `organization_ids`. Raises NotFound."""
    organization_id = ids.decode(public_id, ids.ORGANIZATION)
    organization = session.get(Organization, organization_id) if organization_id in organization_ids else None
    if organization is None:
        raise NotFound.of("organization", public_id, param=param)
    return organization
