"""Documents as the API gives them, recorded as our look-ups record them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.stripe_events import fetched
from app.stripe_events.scope import Scope
from tests.cast import Merchant
from tests.emulator.emulator import Emulator

API_VERSION = "2026-10-28.endive"
FETCHED_AT = datetime(2026, 11, 1, tzinfo=UTC)

Document = dict[str, Any]
Fetch = Callable[..., int]


@pytest.fixture
def shop() -> Iterator[Emulator]:
    """A small Stripe on loopback."""
    with Emulator() as shop:
        yield shop


@pytest.fixture
def scope(merchant: Merchant) -> Scope:
    """The shop's own Stripe account in test mode."""
    return Scope(merchant.organization_id, "", livemode=False)


@pytest.fixture
def fetch(scope: Scope) -> Fetch:
    """Put documents into the inbox as fetched at one moment; gives how many were new."""

    def fetch(*documents: Document, at: datetime = FETCHED_AT) -> int:
        with db.transaction() as session:
            return fetched.record(session, scope, documents, fetched_at=at, api_version=API_VERSION)

    return fetch


def outcomes() -> dict[str, str | None]:
    """How every event in the inbox stands, by its type and the object it is about."""
    with db.transaction() as session:
        rows = session.execute(text("SELECT type, object_id, outcome FROM stripe_events ORDER BY id"))
        return {f"{row.type} {row.object_id}": row.outcome for row in rows}
