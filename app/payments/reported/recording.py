"""Stores reports of merchants: conversions, and refunds outside Stripe. Each id is inserted once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import bulk
from app.payments.models import StripeObject
from app.stripe_events.models import StripeEndpoint
from app.stripe_events.scope import Scope


def scope_of(session: Session, organization_id: UUID, *, default_livemode: bool | None) -> Scope:
    """Where an organization's reports belong.

    A report says no mode. It is live as soon as anything is: the installation's own mode, or one of the
    organization's endpoints. It is test while all there is is test, so that trying things out makes no live money;
    where there is nothing at all, it is live.
    """
    rows = session.scalars(
        select(StripeEndpoint.livemode)
        .where(StripeEndpoint.organization_id == organization_id, StripeEndpoint.deleted_at.is_(None))
        .distinct()
    )
    modes = {*rows, *(() if default_livemode is None else (default_livemode,))}
    return Scope(organization_id, "", livemode=True in modes or not modes)


def keep(
    session: Session, scope: Scope, kind: str, object_id: str, facts: Mapping[str, Any], *, root: str, at: datetime
) -> bool:
    """Write what was reported, and lock it; whoever writes the same id at the same time is waited for.

    Args:
        kind: `Kind.REPORTED`, or `Kind.REPORTED_REFUND`, whose payment's locks are expected.
        root: the root of the money it is about.
        at: when it was stated.

    Returns:
        False if there is such an id already, in whichever mode; then nothing is written.
    """
    row = {
        **scope.parameters(),
        "id": object_id,
        "kind": kind,
        "root": root,
        "facts": {name: value for name, value in facts.items() if value is not None},
        "stated_at": at,
    }
    return bool(bulk.insert(session, StripeObject, [row], tail="ON CONFLICT DO NOTHING RETURNING id"))
