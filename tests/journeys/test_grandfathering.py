"""A program's terms change; who is in keeps what was promised, and nothing that was earned ever moves."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import db, ids
from app.organizations import keys
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.facts import Bill

from .conftest import Meet


@dataclass(frozen=True)
class Owner:
    """The merchant at its own API."""

    client: FlaskClient
    merchant: Merchant
    key: str

    @property
    def program(self) -> str:
        return f"/v1/admin/affiliate/programs/{ids.encode('prog', self.merchant.program_id)}"

    def does(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}"}
        sent = {} if body is None else {"json": body}
        answer = self.client.open(path, method=method, headers=headers, **sent)
        assert answer.status_code < 300, answer.text
        return dict(answer.json or {})

    def pays_from_now_on(self, bps: int) -> None:
        self.does("PATCH", self.program, {"commission": {"type": "percentage", "bps": bps}})

    def lets_in(self, code: str) -> str:
        """Invite and approve a new partner, called `code`."""
        made = self.does("POST", "/api/v1/partners", {"email": f"{code}@example.com", "slug": code})["id"]
        self.does("POST", f"{self.program}/affiliates/{made}/approve")
        return str(made)


@pytest.fixture
def owner(client: FlaskClient, merchant: Merchant) -> Owner:
    with db.transaction() as session:
        _, plaintext = keys.create_key(session, merchant.organization_id, name="owner", level="manage")
    return Owner(client, merchant, plaintext)


def test_present_partners_keep_the_old_rate_and_new_partners_get_the_new_one(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, owner: Owner
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    owner.pays_from_now_on(1000)
    owner.lets_in("zoe")
    assert ledger().balances == owed(ada=980)
    for customer in (meet(subscription="ada"), meet(subscription="zoe")):
        deliver(customer.subscribes().events)
    deliver(cleo.renews(first).events)
    drain()
    assert ledger().balances == owed(ada=980 * 3, zoe=490)


def test_a_refund_takes_back_its_share_at_the_rate_it_was_earned_at(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, owner: Owner
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    owner.pays_from_now_on(5000)
    deliver(cleo.is_refunded(first, 2450).events)
    drain()
    assert ledger().balances == owed(ada=490)


def test_changed_base_applies_to_partners_who_join_later(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, owner: Owner
) -> None:
    owner.does("PATCH", owner.program, {"commission_base": "gross"})
    owner.lets_in("zoe")
    for code in ("ada", "zoe"):
        deliver(meet(subscription=code).subscribes(Bill(net_minor=10_000, tax_minor=2_000)).events)
    drain()
    assert ledger().balances == owed(ada=2000, zoe=2400)


def test_late_event_earns_the_rate_of_the_time_of_payment(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, owner: Owner
) -> None:
    """A delivery that was lost for weeks earns at the partner's snapshot, not at the program's rate of today."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    renewal = cleo.renews(first)
    owner.pays_from_now_on(100)
    deliver(renewal.events)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=1960)


def test_a_paused_partner_earns_nothing_new_and_loses_nothing_old(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, owner: Owner
) -> None:
    ada = ids.encode("aff", owner.merchant.partners["ada"])
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    for move, worth in (("pause", 980), ("approve", 1960), ("ban", 1960)):
        owner.does("POST", f"{owner.program}/affiliates/{ada}/{move}")
        deliver(cleo.renews(first).events)
        drain()
        assert ledger().balances == owed(ada=worth)


def test_a_paused_program_pays_nothing_on_new_payments(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, owner: Owner
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    for status, worth in (("paused", 980), ("active", 1960)):
        owner.does("PATCH", owner.program, {"status": status})
        deliver(cleo.renews(first).events)
        drain()
        assert ledger().balances == owed(ada=worth)
    totals = owner.does("GET", f"{owner.program}/affiliates")["data"][-1]["totals"]
    assert (totals["total_conversions"], totals["total_earned_cents"]) == (2, 1960)
