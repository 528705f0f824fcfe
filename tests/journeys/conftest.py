"""What all stories begin with."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db
from app.explanations import explain
from tests.cast import Merchant
from tests.ledger_clock import LedgerClock, ledger_clock
from tests.servers import Servers
from tests.stored_text import watched
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import FAMILIES, Family

from .desk import Desk, open_desk

Explained = Callable[[object], dict[str, Any]]
Meet = Callable[..., Customer]
OutcomeOf = Callable[[Event], str]


@pytest.fixture
def clock(servers: Servers, database_url: str, merchant: Merchant) -> Iterator[LedgerClock]:
    """The ledger's clock, in a program that is older than any of these stories."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET created_at = '2026-01-15T00:00:00Z'"))
    with ledger_clock(servers, database_url) as clock:
        yield clock


@pytest.fixture
def only_codes_are_stored(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that uses this leaves no sentence in a table."""
    yield from watched(request)


@pytest.fixture(params=FAMILIES, ids=lambda family: family.name)
def family(request: pytest.FixtureRequest) -> Family:
    """The shape of every document in the story: each is sent in all of them."""
    return request.param


@pytest.fixture
def meet(family: Family) -> Meet:
    """A customer with partners' codes on these Stripe objects: `meet(subscription="ada")`."""

    def meet(**marks: str) -> Customer:
        return Customer(family, Marks(**marks))

    return meet


@pytest.fixture
def outcome_of() -> OutcomeOf:
    """How an event ended."""

    def outcome_of(event: Event) -> str:
        with db.transaction() as session:
            query = text("SELECT outcome FROM stripe_events WHERE stripe_id = :stripe_id")
            return session.scalars(query, {"stripe_id": event["id"]}).one()

    return outcome_of


@pytest.fixture
def explained(database: object) -> Explained:
    """The explanation of an id."""

    def explained(any_id: object) -> dict[str, Any]:
        with db.transaction() as session:
            return explain.explain(session, str(any_id))

    return explained


@pytest.fixture
def desk(client: FlaskClient, merchant: Merchant) -> Desk:
    """A person at the merchant's who credits by hand."""
    return open_desk(client, merchant)
