"""Views of organizations, API keys and the audit trail, in snake_case."""

from collections.abc import Collection
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import Field

from app import ids
from app.organizations.models import ApiKey, AuditEntry, Organization
from app.organizations.permissions import LEVELS, PERMISSIONS, Kind
from app.paging import HasMore
from app.views import Instant, OneOf, ShownOnce, Snake

LevelWord = Annotated[str, OneOf(LEVELS)]
Scope = Annotated[str, OneOf(PERMISSIONS)]


class OrganizationBody(Snake):
    """An account holder."""

    id: str = Field(examples=["org_01h455vb4pex5vsknk084sn02q"])
    kind: Kind = Field(
        description="A merchant owns programs and webhook endpoints; an affiliate is enrolled in programs."
    )
    name: str
    email: str | None
    parent_id: str | None = Field(description="Null also if the key cannot access the parent.")
    created_at: Instant


class OrganizationPage(Snake):
    """Organizations, newest first."""

    data: list[OrganizationBody]
    has_more: HasMore


class KeyBody(Snake):
    """An API key without its value."""

    id: str = Field(examples=["key_01h455vb4pex5vsknk084sn02q"])
    organization_id: str
    name: str
    livemode: bool = Field(description="Whether it sees and makes live money or test money.")
    level: LevelWord
    scopes: list[Scope]
    ends_with: str = Field(description="Its last four characters.")
    created_at: Instant
    last_used_at: Instant | None = Field(description="To within a minute; null: never.")
    revoked_at: Instant | None


class NewKeyBody(KeyBody):
    """A new key with its plaintext, which is shown only once."""

    api_key: ShownOnce = Field(
        description="`aff_live_…` or `aff_test_…`. Keep it now: only its hash is stored. Null in a repeated answer."
    )


class KeyPage(Snake):
    """Keys, newest first, revoked ones too."""

    data: list[KeyBody]
    has_more: HasMore


def organization_body(organization: Organization, visible: Collection[UUID]) -> OrganizationBody:
    """The organization; its parent is shown only if it is in `visible`."""
    parent_id = organization.parent_id
    return OrganizationBody(
        id=ids.encode(ids.ORGANIZATION, organization.id),
        kind=cast("Kind", organization.kind),
        name=organization.name,
        email=organization.email,
        parent_id=ids.encode(ids.ORGANIZATION, parent_id) if parent_id in visible and parent_id else None,
        created_at=organization.created_at,
    )


def key_body(key: ApiKey) -> KeyBody:
    """The key without its plaintext."""
    return KeyBody(
        id=ids.encode(ids.API_KEY, key.id),
        organization_id=ids.encode(ids.ORGANIZATION, key.organization_id),
        name=key.name,
        livemode=key.livemode,
        level=key.level,
        scopes=key.scopes,
        ends_with=key.hint,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


def new_key_body(key: ApiKey, plaintext: str) -> NewKeyBody:
    """The key with its plaintext."""
    return NewKeyBody(**key_body(key).model_dump(), api_key=plaintext)


class AuditBody(Snake):
    """A change that a person, a key or the clock made."""

    id: str = Field(examples=["aud_01h455vb4pex5vsknk084sn02q"])
    organization_id: str = Field(description="The owner of what was changed.")
    livemode: bool | None = Field(
        description="The mode of the money or endpoint that was changed, whose keys alone see the entry; null for what "
        "belongs to no mode, such as a partner."
    )
    actor: str = Field(
        description="The key that did it, `key_…`, or `mcp:key_…` if an agent used it over MCP; `cli`, `clock`, "
        "`console`; `public`: a person without a key; `mcp`: an agent without a key."
    )
    action: str = Field(examples=["partner.updated"])
    subject_id: str = Field(description="What was changed.", examples=["par_01h455vb4pex5vsknk084sn02q"])
    details: dict[str, Any] = Field(description="What became different, by the action; never a secret or an address.")
    request_id: str | None = Field(description="The request's `X-Request-Id`, which the log has too.")
    created_at: Instant


class AuditPage(Snake):
    """Entries, newest first."""

    data: list[AuditBody]
    has_more: HasMore


def audit_body(entry: AuditEntry) -> AuditBody:
    """The entry as the API shows it."""
    return AuditBody(
        id=ids.encode(ids.AUDIT_ENTRY, entry.id),
        organization_id=ids.encode(ids.ORGANIZATION, entry.organization_id),
        livemode=entry.livemode,
        actor=entry.actor,
        action=entry.action,
        subject_id=entry.subject_id,
        details=entry.details,
        request_id=entry.request_id,
        created_at=entry.created_at,
    )
