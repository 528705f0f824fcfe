"""Who runs the installation: the organization at the top of the tree in which its default endpoint is."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_TOP: Final = text("""
    WITH RECURSIVE above (id, parent_id) AS (
        SELECT id, parent_id FROM organizations
        WHERE id = (SELECT organization_id FROM stripe_endpoints WHERE is_default AND deleted_at IS NULL)
        UNION
        SELECT parent.id, parent.parent_id FROM organizations AS parent JOIN above ON parent.id = above.parent_id
    )
    SELECT id FROM above WHERE parent_id IS NULL
""")


def is_operator(session: Session, organization_id: UUID) -> bool:
    """Whether this organization runs the installation. The session must not be narrowed.

    `accrual bootstrap` makes the default endpoint. While there is none, no organization is the operator.
    """
    return bool(session.scalar(_TOP) == organization_id)
