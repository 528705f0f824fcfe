"""Finding the owner of programs for a command of the operator: by name, by id, or the only merchant."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound
from app.organizations.models import Organization
from app.programs.models import Program


def find_owner(session: Session, name: str | None) -> Organization:
    """The merchant with this name, or the organization with this id; for None the only merchant that has a program.

    An affiliate is found only by its id, because it chose its name when it signed up.

    Raises:
        NotFound: no organization exists, or none has this name or id.
        InvalidRequest: there are several merchants and `name` is None, or several have this name.
    """
    if name is not None and (organization_id := ids.decode(name, ids.ORGANIZATION)) is not None:
        if (organization := session.get(Organization, organization_id)) is None:
            raise NotFound(f"no organization {name!r} was found; check the id")
        return organization
    ordered = select(Organization).where(Organization.kind == "merchant").order_by(Organization.id)
    merchants = session.scalars(ordered).all()
    if not merchants:
        raise NotFound("no organization exists yet; `accrual bootstrap` makes one")
    if name is None:
        owners = set(session.scalars(select(Program.organization_id).distinct()))
        candidates = [merchant for merchant in merchants if merchant.id in owners] or merchants
        if len(candidates) > 1:
            names = ", ".join(merchant.name for merchant in candidates)
            raise InvalidRequest(
                f"--organization is required, because there are several: {names}", param="organization"
            )
        return candidates[0]
    named = [merchant for merchant in merchants if merchant.name == name]
    if not named:
        raise NotFound(f"no merchant is called {name!r}; give an affiliate by its id, org_…")
    if len(named) > 1:
        public_ids = ", ".join(ids.encode(ids.ORGANIZATION, merchant.id) for merchant in named)
        raise InvalidRequest(f"several organizations are called {name}; give an id: {public_ids}", param="organization")
    return named[0]
