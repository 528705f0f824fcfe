"""Routes for the people of organizations, who sign in to the pages."""

from flask import Response, g
from sqlalchemy.orm import Session

from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.people import memberships, views
from app.people.memberships import Member
from app.rest.accounts import requests
from app.rest.accounts.owners import organization_of

api = surface("Accounts", __name__, "Organizations, API keys and the audit trail.", "People")


@api.get("/api/v1/people", security=needs("people:read"), responses={"200": views.PersonPage, "404": ErrorBody})
def list_people(query: requests.PeopleQuery) -> Response:
    """The people of an organization, newest first, disabled ones too."""
    with access.transaction(g.caller) as session:
        owner_id = organization_of(session, query.organization_id, "organization_id")
        page = memberships.list_members(session, owner_id, limit=query.limit, starting_after=query.starting_after)
        data = [views.person_body(member) for member in page.rows]
        return ViewResponse(views.PersonPage(data=data, has_more=page.has_more))


@api.post(
    "/api/v1/people",
    security=needs("people:write"),
    responses={"201": views.PersonBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def add_person(body: requests.PersonAddition) -> Response:
    """Add a person, or let a disabled one in again. Needs a live key: people see live money too."""
    name = None if body.name is None else body.name.strip()
    with access.transaction(g.caller) as session:
        owner_id = organization_of(session, body.organization_id, "organization_id")
        added = memberships.add(session, g.caller, owner_id, email=body.email, role=body.role, name=name)
        return ViewResponse(views.person_body(added), status=201)


@api.get(
    "/api/v1/people/<person_id>",
    security=needs("people:read"),
    responses={"200": views.PersonBody, "404": ErrorBody},
)
def show_person(path: requests.PersonPath, query: requests.PersonOwner) -> Response:
    """A person of one of your organizations."""
    with access.transaction(g.caller) as session:
        return ViewResponse(views.person_body(_member(session, path, query)))


@api.patch(
    "/api/v1/people/<person_id>",
    security=needs("people:write"),
    responses={"200": views.PersonBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def change_role(path: requests.PersonPath, query: requests.PersonOwner, body: requests.RoleChange) -> Response:
    """Set the role of a person, from its next request on. Needs a live key."""
    with access.transaction(g.caller) as session:
        changed = memberships.set_role(session, g.caller, _member(session, path, query), body.role)
        return ViewResponse(views.person_body(changed))


@api.delete(
    "/api/v1/people/<person_id>",
    security=needs("people:write"),
    responses={"200": views.PersonBody, "404": ErrorBody, "409": ErrorBody},
)
def disable_person(path: requests.PersonPath, query: requests.PersonOwner) -> Response:
    """Disable a person; its sessions in the organization end at once. Needs a live key."""
    with access.transaction(g.caller) as session:
        disabled = memberships.disable(session, g.caller, _member(session, path, query))
        return ViewResponse(views.person_body(disabled))


def _member(session: Session, path: requests.PersonPath, query: requests.PersonOwner) -> Member:
    owners = g.caller.organization_ids
    if query.organization_id is not None:
        owners = (organization_of(session, query.organization_id, "organization_id"),)
    return memberships.get(session, owners, path.person_id)
