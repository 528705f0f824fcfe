"""The organization that a request about accounts names."""

from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from app.organizations import hierarchy


def organization_of(session: Session, public_id: str | None, param: str) -> UUID:
    """The organization named in `param`, else the key's own. Raises NotFound."""
    if public_id is None:
        own: UUID = g.caller.organization_id
        return own
    return hierarchy.get_organization(session, g.caller.organization_ids, public_id, param=param).id
