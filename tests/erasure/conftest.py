"""Erasing through the two commands, and Cleo's story at the shop."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app import db
from app.commissions.settling.settlement import Cause
from app.organizations.actors import CLI
from app.transfer.erasure import commands
from app.transfer.erasure.views import ErasureBody
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .person import USER, described

Erase = Callable[..., ErasureBody]


def erase_in(organization_id: UUID, named: str, *, force: bool = False) -> ErasureBody:
    """Erase as the command line does: two transactions."""
    with db.transaction() as session:
        begun = commands.begin(session, CLI, organization_id, named, force=force)
    with db.transaction() as session:
        return commands.finish(session, begun, Cause("command line", datetime.now(UTC)))


@pytest.fixture
def erase(merchant: Merchant) -> Erase:
    def erase(named: str, *, force: bool = False) -> ErasureBody:
        return erase_in(merchant.organization_id, named, force=force)

    return erase


@dataclass
class Story:
    """Cleo subscribes through Ada, renews, buys, and gets a part back."""

    customer: Customer
    first: Purchase
    sale: Purchase
    events: list[Event]

    def renew(self) -> list[Event]:
        """Another month."""
        return list(map(described, self.customer.renews(self.first).events))


@pytest.fixture
def story(deliver: Deliver, drain: Drain) -> Story:
    made = told()
    deliver(made.events)
    drain()
    return made


def told() -> Story:
    cleo = Customer(CLOVER, Marks(subscription="ada", client_reference=USER))
    first, sale = cleo.subscribes(), cleo.buys()
    happened = [(cleo.appears(),), first.events, cleo.renews(first).events, sale.events]
    happened.append(cleo.is_refunded(sale, 1_000).events)
    return Story(cleo, first, sale, [described(event) for events in happened for event in events])
