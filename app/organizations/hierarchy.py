"""Organizations and their tree: whoever manages one manages its descendants."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.organizations.models import Organization


def create_organization(
    session: Session, *, name: str, email: str | None = None, parent_id: UUID | None = None
) -> Organization:
    """A new account holder, merchant or affiliate. Writes its row."""
    organization = Organization(
        id=ids.new(), name=name, email=email.strip().lower() if email else None, parent_id=parent_id
    )
    session.add(organization)
    session.flush()
    return organization


def own_and_descendants(session: Session, organization_id: UUID) -> tuple[UUID, ...]:
    """The organization and every one below it, itself first."""
    # UNION, not UNION ALL: a cycle in the tree, which nothing of ours makes, would then end instead of running on.
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
