"""Documents as the API gives them, recorded as our look-ups record them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import db
from app.config import Settings
from app.stripe_events.scope import Scope
from app.stripe_sync import api_keys, fetched
from tests.cast import Merchant, set_api_key
from tests.conftest import Drain
from tests.emulator.conftest import Connect, connect, shop
from tests.emulator.emulator import Emulator
from tests.stored_text import watched
from worker.stripe_sync import lookups

API_VERSION = "2026-10-28.endive"
FETCHED_AT = datetime(2026, 11, 1, tzinfo=UTC)

Document = dict[str, Any]
Fetch = Callable[..., int]
LookUp = Callable[[], int]

__all__ = ["Connect", "connect", "shop"]


@pytest.fixture
def only_codes_are_stored(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that uses this leaves no sentence in a table."""
    yield from watched(request)


@pytest.fixture
def scope(merchant: Merchant) -> Scope:
    """The shop's own Stripe account in test mode."""
    return Scope(merchant.organization_id, "", livemode=False)


@pytest.fixture
def fetch(scope: Scope) -> Fetch:
    """Put documents into the inbox as fetched at one moment; gives how many were new."""

    def fetch(*documents: Document, at: datetime = FETCHED_AT) -> int:
        with db.transaction() as session:
            return len(fetched.insert_documents(session, scope, documents, fetched_at=at, api_version=API_VERSION))

    return fetch


@pytest.fixture
def asking(shop: Emulator, settings: Settings, merchant: Merchant) -> Iterator[Settings]:
    """An endpoint of the merchant's has the key, and Stripe is the emulator."""
    made = settings.model_copy(update={"stripe_api_base": shop.url})
    set_api_key(merchant.organization_id, shop.key, made)
    api_keys.connect(made)
    yield made
    api_keys.disconnect()


@pytest.fixture
def look_up(application: Flask, drain: Drain) -> LookUp:
    """Let the patience of all look-ups end, work them, and drain what they brought; gives how many were taken."""

    def look_up() -> int:
        taken = 0
        while make_due() and lookups.do_next():
            taken += 1
        drain()
        return taken

    def make_due() -> bool:
        """Those that were never tried; what failed waits."""
        with db.transaction() as session:
            session.execute(text("UPDATE lookups SET next_attempt_at = now() WHERE attempts = 0 AND done_at IS NULL"))
        return True

    return look_up


@dataclass(frozen=True)
class Asked:
    kind: str
    object_id: str
    attempts: int
    problem: dict[str, Any] | None
    is_done: bool
    is_due: bool


def looked_up() -> list[Asked]:
    """All look-ups there are."""
    with db.transaction() as session:
        query = text("""SELECT kind, object_id, attempts, problem, done_at IS NOT NULL, next_attempt_at <= now()
                        FROM lookups ORDER BY id""")
        return [Asked(*row) for row in session.execute(query)]


def outcomes() -> dict[str, str | None]:
    """How every event in the inbox stands, by its type and the object it is about."""
    with db.transaction() as session:
        rows = session.execute(text("SELECT type, object_id, outcome FROM stripe_events ORDER BY id"))
        return {f"{row.type} {row.object_id}": row.outcome for row in rows}
