"""Request models for organizations, API keys and the audit trail: paths, queries and bodies."""

from typing import Annotated

from pydantic import Field

from app.organizations.views import LevelWord, Scope
from app.paging import After, Between
from app.people.views import RoleWord
from app.views import EmailAddress, OneLine, Request

Name = Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)]


OwnerId = Annotated[
    str | None, Field(description="An organization, `org_…`: the key's own or one below it. Default: its own.")
]


class OrganizationPath(Request):
    """Which organization."""

    organization_id: str = Field(description="`org_…`.")


class OrganizationQuery(Request):
    """Which organizations."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None
    parent_id: str | None = Field(default=None, description="Only the children of this organization.")


class OrganizationCreation(Request):
    """A new organization below one of your organizations."""

    name: Name = Field(examples=["Daughter Ltd"])
    email: EmailAddress | None = Field(default=None, examples=["daughter@example.com"])
    parent_id: OwnerId = None


class KeyPath(Request):
    """Which key."""

    key_id: str = Field(description="`key_…`.")


class KeyQuery(Request):
    """Which keys."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None
    organization_id: str | None = Field(default=None, description="Only keys of this organization.")


class KeyCreation(Request):
    """A new key, with at most the permissions of the key that makes it."""

    name: Name = Field(description="A name for people.", examples=["accounting"])
    livemode: bool | None = Field(
        default=None,
        description="Whether it sees and makes live money or test money; null: the mode of the calling key. A test key "
        "makes test keys only.",
        examples=[False],
    )
    level: LevelWord = Field(description="Its permissions without scopes.", examples=["read"])
    scopes: list[Scope] = Field(
        default=[],
        description="Its permissions, exactly these; empty: all that its level allows.",
        examples=[["commissions:read"]],
    )
    organization_id: OwnerId = None


class PersonPath(Request):
    """Which person."""

    person_id: str = Field(description="`usr_…`.")


class PersonOwner(Request):
    """In which organization."""

    organization_id: str | None = Field(
        default=None, description="The organization, `org_…`; needed only if the person is in several of yours."
    )


class PeopleQuery(Request):
    """Whose people."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None
    organization_id: OwnerId = None


class PersonAddition(Request):
    """A person to add, with at most the permissions of the key that adds it."""

    email: EmailAddress = Field(examples=["mara@example.com"])
    role: RoleWord = Field(examples=["viewer"])
    name: Name | None = Field(default=None, description="A name for the other people of the organization.")
    organization_id: OwnerId = None


class RoleChange(Request):
    """Another role."""

    role: RoleWord = Field(examples=["viewer"])


class AuditQuery(Between):
    """A filter of entries: they must meet every given condition; `since` and `until` limit `created_at`."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None
    action: str | None = Field(default=None, max_length=64, description="Such as `partner.updated`.")
    subject_id: str | None = Field(default=None, max_length=255, description="The id of what was changed.")
    actor: str | None = Field(
        default=None,
        max_length=64,
        description="A key's id, `cli`, `clock`, `console`, `public`, or `mcp`: what agents did.",
    )
