"""Views of people and of their sessions, in snake_case."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from app import ids
from app.paging import HasMore
from app.people.memberships import Member
from app.people.models import PersonSession
from app.people.roles import ROLES
from app.people.sessions import SignedIn
from app.views import Instant, OneOf, Snake

RoleWord = Annotated[str, OneOf(ROLES)]


class PersonBody(Snake):
    """A person in an organization."""

    id: str = Field(examples=["usr_01h455vb4pex5vsknk084sn02q"])
    organization_id: str
    email: str
    name: str | None = Field(description="As this organization calls the person.")
    role: RoleWord
    language: str | None = Field(
        description="The language that the person chose for pages and mails; null: none was chosen.", examples=["de"]
    )
    created_at: Instant
    disabled_at: Instant | None


class PersonPage(Snake):
    """People, newest first, disabled ones too."""

    data: list[PersonBody]
    has_more: HasMore


class SessionBody(Snake):
    """A browser in which a person is signed in."""

    id: str
    user_agent: str
    is_own: bool = Field(description="Whether it is the browser that asks.")
    created_at: Instant
    last_seen_at: Instant


def person_body(member: Member) -> PersonBody:
    """The person as the API shows it."""
    membership, person = member
    return PersonBody(
        id=ids.encode(ids.PERSON, person.id),
        organization_id=ids.encode(ids.ORGANIZATION, membership.organization_id),
        email=person.email,
        name=membership.name,
        role=membership.role,
        language=person.language,
        created_at=membership.created_at,
        disabled_at=membership.disabled_at,
    )


def session_bodies(signed_in: SignedIn, rows: Sequence[PersonSession]) -> list[SessionBody]:
    """The sessions of the person who asks."""
    return [
        SessionBody(
            id=ids.encode(ids.SESSION, row.id),
            user_agent=row.user_agent,
            is_own=row.id == signed_in.session_id,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
        )
        for row in rows
    ]
