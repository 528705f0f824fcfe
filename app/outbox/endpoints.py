"""Rows of outbound endpoints: finds, inserts and deletes them, and keeps their signing secrets sealed."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import Settings
from app.errors import NotFound
from app.outbox.models import OutboundEndpoint
from app.paging import Page, load_page, owned_by

SECRET_BYTES: Final = 32
"""The specification of Standard Webhooks wants 24 to 64 random bytes."""
OVERLAP: Final = timedelta(hours=24)
"""How long the former secret signs beside the new one after a rotation."""


def insert_endpoint(session: Session, organization_id: UUID, *, livemode: bool, **columns: Any) -> OutboundEndpoint:
    """Insert an endpoint; `columns` are `url` and `events`, and others of the table."""
    endpoint = OutboundEndpoint(id=ids.new(), organization_id=organization_id, livemode=livemode, **columns)
    session.add(endpoint)
    session.flush()
    session.refresh(endpoint)
    return endpoint


def count(session: Session, organization_id: UUID, *, livemode: bool) -> int:
    """How many endpoints the organization has in this mode, disabled ones too."""
    present = select(func.count()).where(
        OutboundEndpoint.organization_id == organization_id,
        OutboundEndpoint.livemode == livemode,
        OutboundEndpoint.partner_id.is_(None),
        OutboundEndpoint.deleted_at.is_(None),
    )
    return session.scalar(present) or 0


def list_endpoints(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    livemode: bool | None = None,
    limit: int,
    starting_after: str | None = None,
) -> Page[OutboundEndpoint]:
    """A page of the endpoints of these organizations, newest first, with disabled ones. Raises InvalidRequest."""
    present = select(OutboundEndpoint).where(
        owned_by(OutboundEndpoint.organization_id, organization_ids),
        OutboundEndpoint.partner_id.is_(None),
        OutboundEndpoint.deleted_at.is_(None),
    )
    if livemode is not None:
        present = present.where(OutboundEndpoint.livemode == livemode)
    prefix = ids.OUTBOUND_ENDPOINT
    return load_page(session, present, OutboundEndpoint.id, prefix, limit=limit, starting_after=starting_after)


def get_endpoint(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> OutboundEndpoint:
    """The endpoint with this `owe_…` id, owned by one of these organizations; `to_change` locks it. Raises NotFound."""
    matching = select(OutboundEndpoint).where(
        OutboundEndpoint.id == ids.decode(public_id, ids.OUTBOUND_ENDPOINT),
        OutboundEndpoint.organization_id.in_(organization_ids),
        OutboundEndpoint.partner_id.is_(None),
        OutboundEndpoint.deleted_at.is_(None),
    )
    endpoint = session.scalar(matching.with_for_update() if to_change else matching)
    if endpoint is None:
        raise NotFound.of("webhook_endpoint", public_id)
    return endpoint


def find_postback(
    session: Session, partner_id: UUID, *, livemode: bool, to_change: bool = False
) -> OutboundEndpoint | None:
    """The partner's postback URL in this mode; None if it has none. `to_change` locks it."""
    matching = select(OutboundEndpoint).where(
        OutboundEndpoint.partner_id == partner_id,
        OutboundEndpoint.livemode == livemode,
        OutboundEndpoint.deleted_at.is_(None),
    )
    return session.scalar(matching.with_for_update() if to_change else matching)


def new_secret() -> str:
    """A new signing secret, `whsec_` and the base64 of random bytes. Source: Standard Webhooks, "Signature scheme"."""
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def replace_secret(endpoint: OutboundEndpoint, secret: str, settings: Settings, *, now: datetime) -> None:
    """Sign with `secret` from now on, and for `OVERLAP` also with the former one; one before that ends now."""
    endpoint.previous_secret_encrypted = endpoint.secret_encrypted
    endpoint.previous_secret_ends_at = now + OVERLAP
    endpoint.secret_encrypted = sealing.seal(secret, settings)


def delete(session: Session, endpoint: OutboundEndpoint) -> None:
    """Delete the endpoint with its secrets. The row stays, since deliveries refer to it.

    Effects: a trigger gives up the deliveries that wait for it.
    """
    endpoint.deleted_at = datetime.now(UTC)
    endpoint.secret_encrypted = endpoint.previous_secret_encrypted = endpoint.previous_secret_ends_at = None
    session.flush()


def reseal_all(session: Session, settings: Settings) -> Sequence[OutboundEndpoint]:
    """Re-encrypt the secrets of all endpoints with the newest secret key; returns the endpoints.

    Raises:
        ConfigurationError: a secret cannot be decrypted with any of our keys; then nothing is changed.
    """
    signing = select(OutboundEndpoint).where(OutboundEndpoint.secret_encrypted.is_not(None))
    endpoints = session.scalars(signing.order_by(OutboundEndpoint.id).with_for_update()).all()
    for endpoint in endpoints:
        assert endpoint.secret_encrypted is not None, "selected by it"
        endpoint.secret_encrypted = sealing.reseal(endpoint.secret_encrypted, settings)
        if endpoint.previous_secret_encrypted is not None:
            endpoint.previous_secret_encrypted = sealing.reseal(endpoint.previous_secret_encrypted, settings)
    session.flush()
    return endpoints
