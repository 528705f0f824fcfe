"""Finding the organization that the operator means: by name, by id, or the only one."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound
from app.organizations.models import Organization
from app.programs.models import Program


def find_owner(session: Session, name: str | None) -> Organization:
    """The merchant called `name`, or the organization with that id; None means the only merchant that has a program.

    An affiliate is found by its id only: its name is whatever it signed up with.

    Raises:
        NotFound: there is none, or none of that name.
        InvalidRequest: there are several and none was named, or several of that name.
    """
    if name is not None and (organization_id := ids.decode(name, ids.ORGANIZATION)) is not None:
        if (found := session.get(Organization, organization_id)) is None:
            raise NotFound(f"no organization {name!r} was found")
        return found
    merchants = select(Organization).where(Organization.kind == "merchant").order_by(Organization.id)
    every = session.scalars(merchants).all()
    if not every:
        raise NotFound("no organization exists yet; `accrual bootstrap` makes one")
    if name is None:
        owners = set(session.scalars(select(Program.organization_id).distinct()))
        candidates = [one for one in every if one.id in owners] or every
        if len(candidates) > 1:
            names = ", ".join(organization.name for organization in candidates)
            raise InvalidRequest(
                f"--organization is required, because there are several: {names}", param="organization"
            )
        return candidates[0]
    named = [one for one in every if one.name == name]
    if not named:
        raise NotFound(f"no merchant is called {name!r}; give an affiliate by its id, org_…")
    if len(named) > 1:
        which = ", ".join(ids.encode(ids.ORGANIZATION, one.id) for one in named)
        raise InvalidRequest(f"several organizations are called {name}; give an id: {which}", param="organization")
    return named[0]
