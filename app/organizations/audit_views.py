"""Views of the audit trail, in snake_case."""

from typing import Any

from pydantic import Field

from app import ids
from app.organizations.models import AuditEntry
from app.paging import HasMore
from app.views import Instant, Snake


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
