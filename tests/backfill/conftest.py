"""Runs, asked for and worked in this process."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db
from app.config import Settings
from app.organizations.actors import CLI
from app.stripe_events.replaying import Selection
from app.stripe_sync import api_keys, commands, runs
from app.stripe_sync.commands import HistoryRequest
from app.stripe_sync.models import StripeRun
from tests.api.conftest import caller_of
from tests.cast import Merchant, set_api_key
from tests.conftest import WEBHOOK_SECRET, Drain
from tests.emulator.account import DAY_SECONDS
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.stored_text import watched
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER
from worker.stripe_sync import runs as working

AskReplay = Callable[..., StripeRun]
Backfill = Callable[..., StripeRun]
Complete = Callable[[StripeRun], StripeRun]
STAY = frozenset(
    {
        "alembic_version",
        "api_keys",
        "organizations",
        "partner_codes",
        "partners",
        "programs",
        "snapshots",
        "stripe_endpoints",
        "terms",
    }
)
"""Tables that hold what people decided, not what Stripe said."""
__all__ = ["caller_of"]
Renewals = Callable[[int], list[Event]]


@pytest.fixture
def only_codes_are_stored(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that uses this leaves no sentence in a table."""
    yield from watched(request)


@pytest.fixture
def ask_replay(merchant: Merchant) -> AskReplay:
    """Ask for a replay of the shop's events: `ask_replay(type_="invoice.paid")`."""

    def ask(**conditions: Any) -> StripeRun:
        with db.transaction() as session:
            selection = Selection([merchant.organization_id], livemode=False, **conditions)
            return commands.request_replay(session, CLI, merchant.organization_id, selection)

    return ask


@pytest.fixture
def renewals() -> Renewals:
    """The events of one subscription of Cleo's, through Ada, and of so many renewals."""

    def renewals(count: int) -> list[Event]:
        cleo = Customer(CLOVER, Marks(subscription="ada"))
        first = cleo.subscribes()
        return [*first.events, *(event for _ in range(count) for event in cleo.renews(first).events)]

    return renewals


def claim() -> runs.Run:
    """Take the next run, as a worker does that then dies."""
    with db.transaction() as session:
        run = runs.claim(session)
    assert run is not None
    return run


def stand(run: StripeRun) -> StripeRun:
    """How a run stands now."""
    with db.transaction() as session:
        return session.get_one(StripeRun, run.id)


def let_time_pass(**span: float) -> None:
    """Whatever lies in the runs' rows lies so much longer ago."""
    with db.transaction() as session:
        moved = text("UPDATE stripe_runs SET heartbeat_at = heartbeat_at - CAST(:span AS interval)")
        session.execute(moved, {"span": timedelta(**span)})


def work_to_its_end(run: StripeRun) -> StripeRun:
    """Work slices until this run has ended."""
    while stand(run).finished_at is None:
        assert working.work_slice(20), stand(run).problem
    return stand(run)


@pytest.fixture
def shop() -> Iterator[Emulator]:
    """A Stripe whose clock stands three weeks before ours."""
    with Emulator(now=int(time.time()) - 21 * DAY_SECONDS) as shop:
        yield shop


@pytest.fixture
def receiving(shop: Emulator, client: FlaskClient, webhook_path: str) -> Endpoint:
    """The emulator's endpoint at our receiver."""

    def post(body: bytes, headers: dict[str, str]) -> int:
        return client.post(webhook_path, data=body, headers=headers).status_code

    return shop.endpoint(post, secrets=[WEBHOOK_SECRET])


@pytest.fixture
def with_key(shop: Emulator, merchant: Merchant, settings: Settings) -> Settings:
    """The settings with the emulated Stripe's address, in force in this process; the shop's endpoint has its key."""
    settings = settings.model_copy(update={"stripe_api_base": shop.url})
    set_api_key(merchant.organization_id, shop.key, settings)
    api_keys.connect(settings)
    return settings


@pytest.fixture
def backfill(merchant: Merchant, with_key: Settings) -> Backfill:
    """Ask for a backfill of the shop's last so many days: `backfill(21, dry_run=True)`."""
    del with_key

    def ask(days: float, *, dry_run: bool = False) -> StripeRun:
        since = datetime.now(UTC) - timedelta(days=days)
        with db.transaction() as session:
            asked = HistoryRequest(merchant.organization_id, since=since)
            return commands.request_backfill(session, CLI, asked, dry_run=dry_run)

    return ask


@pytest.fixture
def complete(drain: Drain) -> Complete:
    """Work a run and the inbox until the run has ended, in turns."""

    def complete(run: StripeRun) -> StripeRun:
        while stand(run).finished_at is None:
            assert working.work_slice(0.05), stand(run).problem
            drain()
        return stand(run)

    return complete


@pytest.fixture
def forget(database_url: str) -> Callable[[], None]:
    """Delete all events and everything that followed from them; partners stay."""

    def forget() -> None:
        owner = db.create(database_url, role=None)
        with owner.begin() as connection:
            tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
            gone = ", ".join(sorted(set(tables) - STAY))
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text(f"TRUNCATE {gone} CASCADE"))
        owner.dispose()

    return forget
