"""An hour of busy traffic is one call, the same every time, and settles as the oracle says."""

import pytest

from tests.conftest import Drain, Ledger
from tests.stripe_stories.families import ACACIA, ENDIVE, Family

from .busy import RETURNS, traffic
from .conftest import Connect
from .emulator import Emulator
from .expectation import expected

UNTOLD_YET = RETURNS - {"refund", "refund_later"}


def events_of(seed: int) -> list[dict]:
    with Emulator() as shop:
        traffic(shop, seed)
        return [event.document() for event in shop.events]


def test_the_same_seed_gives_the_same_traffic() -> None:
    first, again, other = events_of(1), events_of(1), events_of(2)
    assert first == again
    assert first != other
    assert len(first) > 500


def test_traffic_of_an_hour_lasts_an_hour(shop: Emulator) -> None:
    began_at = shop.now
    traffic(shop, seed=1)
    assert began_at + 3600 <= shop.now <= began_at + 3600 + 10


def test_every_event_can_be_retrieved(shop: Emulator) -> None:
    traffic(shop, seed=1)
    client = shop.client()
    for kind in ("refund", "dispute", "credit_note", "invoice", "payment_intent"):
        happened_to = {event.object_id for event in shop.events if event.kind == kind}
        booked = {one.id for one in getattr(client.v1, f"{kind}s").list({"limit": 100}).auto_paging_iter()}
        assert booked == happened_to != set(), kind


@pytest.mark.parametrize("family", [ACACIA, ENDIVE], ids=lambda family: family.name)
def test_busy_traffic_settles_as_the_oracle_computes(
    shop: Emulator, connect: Connect, drain: Drain, ledger: Ledger, family: Family
) -> None:
    endpoint = connect(family=family)
    traffic(shop, seed=3, acts=80, without=UNTOLD_YET)
    shop.deliver(seed=3)
    assert endpoint.waiting == []
    drain()
    booked, due = ledger(), expected(shop)
    assert (booked.balances, booked.commissions) == (due.balances, due.commissions)
