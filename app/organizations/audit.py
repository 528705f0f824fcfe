"""The audit trail: adds entries in the transaction of the change, and lists them. Entries are never changed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, insert, or_, select
from sqlalchemy.orm import Session

from app import ids
from app.immutable import immutable
from app.organizations.actors import MCP, Actor, name_of
from app.organizations.models import AuditEntry
from app.paging import EVER, Page, Span, load_page, owned_by, within


@immutable
class EntryFilter:
    """A filter of entries: they must meet every given condition.

    Attributes:
        action: such as `partner.updated`.
        subject_id: the public id of what was changed.
        actor: `usr_…`, a person; `key_…`, also where an agent used the key; `mcp:key_…`, only then; `mcp`, any agent;
            `cli`, `clock`, `console` or `public`.
        created: when it was made.
    """

    action: str | None = None
    subject_id: str | None = None
    actor: str | None = None
    created: Span = EVER


def add_entry(
    session: Session,
    actor: Actor,
    action: str,
    subject_id: str,
    details: Mapping[str, Any] | None = None,
    *,
    organization_id: UUID,
    livemode: bool | None = None,
) -> None:
    """Insert the entry that `actor` did `action` to `subject_id`. Commands call it in the transaction of the change.

    The request's id is added automatically. Example:

        audit.add_entry(session, actor, "partner.updated", shown.id, {"changed": names}, organization_id=owner_id)

    Args:
        session: writes the entry at once, so it may be narrowed to the caller's organizations.
        actor: who did it.
        action: what was done, as `<thing>.<past verb>`: `partner.updated`, `endpoint.secret_added`.
        subject_id: the public id of what was changed: `par_…`; Stripe's own where we have none, `cus_…`.
        details: a few JSON values about the change: names of changed fields, a status, a rate, ids. Never a secret, an
            e-mail address, a person's name, or free text that may contain them.
        organization_id: the owner of what was changed, which for a parent's key is not the caller's organization.
        livemode: the mode of the money or endpoint that was changed, whose keys alone see the entry; None for what
            belongs to no mode, such as a partner.
    """
    session.execute(
        insert(AuditEntry).values(
            id=ids.new(),
            organization_id=organization_id,
            livemode=livemode,
            actor=name_of(actor),
            action=action,
            subject_id=subject_id,
            details=dict(details or {}),
            request_id=structlog.contextvars.get_contextvars().get("request_id"),
        )
    )


def list_entries(
    session: Session,
    organization_ids: Sequence[UUID],
    filters: EntryFilter,
    *,
    limit: int,
    starting_after: str | None = None,
) -> Page[AuditEntry]:
    """A page of the entries of these organizations, newest first. Raises InvalidRequest."""
    matching = select(AuditEntry).where(owned_by(AuditEntry.organization_id, organization_ids))
    for column, value in (
        (AuditEntry.action, filters.action),
        (AuditEntry.subject_id, filters.subject_id),
    ):
        if value is not None:
            matching = matching.where(column == value)
    if filters.actor is not None:
        matching = matching.where(_was_done_by(filters.actor))
    matching = within(matching, AuditEntry.created_at, filters.created)
    return load_page(session, matching, AuditEntry.id, ids.AUDIT_ENTRY, limit=limit, starting_after=starting_after)


def _was_done_by(name: str) -> ColumnElement[bool]:
    if name == MCP:
        return or_(AuditEntry.actor == MCP, AuditEntry.actor.startswith(f"{MCP}:"))
    return AuditEntry.actor.in_((name, f"{MCP}:{name}"))
