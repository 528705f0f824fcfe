"""Ada buys through her own link: she earns nothing on it, whatever tells so, and whenever."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db, ids
from app.errors import Conflict
from app.partners import enrollment
from app.partners.joining import invitations
from app.partners.models import Partner
from app.programs.models import Program
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.copies import deliver_copies
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Explained, Meet

pytestmark = pytest.mark.usefixtures("only_codes_are_stored")

ADAS = "Ada+Shop@Partners.Example"
"""Her address at enrollment is ada@partners.example."""


@dataclass(frozen=True)
class Place:
    """Where an address stands: in which event, and how its document shows it."""

    event_type: str
    shown: dict[str, Any]


PLACES = (
    Place("checkout.session.completed", {"customer_details": {"email": ADAS}}),
    Place("checkout.session.completed", {"customer_email": ADAS}),
    Place("invoice.paid", {"customer_email": ADAS}),
    Place("charge.succeeded", {"billing_details": {"email": ADAS}}),
    Place("charge.succeeded", {"receipt_email": ADAS}),
    Place("payment_intent.succeeded", {"receipt_email": ADAS}),
)


def shows(events: Sequence[Event], place: Place) -> list[Event]:
    """The events, with an address at one place."""
    return [changed(event, place.shown) if event["type"] == place.event_type else event for event in events]


def changed(event: Event, shown: dict[str, Any]) -> Event:
    """The event, its document saying something else."""
    return {**event, "data": {"object": {**event["data"]["object"], **shown}}}


def own_customer(cleo: Customer) -> Event:
    """Cleo's `customer.updated`: her address is Ada's."""
    return changed(cleo.is_marked_again("ada"), {"email": ADAS})


def outcomes() -> set[str]:
    """How all payments stand."""
    with db.transaction() as session:
        return set(session.scalars(text("SELECT outcome FROM payments WHERE merged_into_id IS NULL")))


def allow(merchant: Merchant) -> None:
    """Let the program's partners refer themselves, from now on."""
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).allow_self_referral = True


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.event_type} {'.'.join(place.shown)}")
def test_partners_own_address_on_any_object_of_a_payment_earns_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, place: Place
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(shows(first.events, place))
    drain()
    assert outcomes() == {"self_referral"}
    deliver(cleo.renews(first).events)
    drain()
    assert outcomes() == {"self_referral"}, "the customer is Ada, on every invoice"
    assert ledger().balances == {}


def test_a_customers_address_that_comes_later_takes_back_what_was_accrued(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver([*first.events, *cleo.renews(first).events])
    drain()
    assert ledger().balances == owed(ada=2 * 980)
    deliver([own_customer(cleo)])
    drain()
    assert ledger().balances == owed(ada=0)
    assert outcomes() == {"self_referral"}


def test_a_guest_is_recognized_only_by_the_objects_of_the_payment(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = meet(payment="ada").buys(through_session=False)
    guest = [changed(event, {"customer": None}) for event in sale.events]
    charge = [one for one in guest if one["type"] == "charge.succeeded"]
    others = [one for one in guest if one["type"] != "charge.succeeded"]
    deliver(others)
    drain()
    assert ledger().balances == owed(ada=980)
    deliver(shows(charge, PLACES[3]))
    drain()
    assert outcomes() == {"self_referral"}
    assert ledger().balances == owed(ada=0)


def test_every_order_of_arrival_ends_in_nothing(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """Of an invoice, its link, the money, the renewal and the address; one at a time, in one database."""
    copies = []
    for order in permutations(range(5)):
        cleo = Customer(CLOVER, Marks(subscription="ada"))
        first = cleo.subscribes()
        events = [*first.only("invoice.paid", "invoice_payment.paid", "payment_intent.succeeded").events]
        events += [*cleo.renews(first).only("invoice.paid").events, own_customer(cleo)]
        copies.append([[events[place]] for place in order])
    deliver_copies(copies, deliver, drain)
    assert outcomes() == {"self_referral"}
    assert ledger().balances in ({}, owed(ada=0))


def test_self_referral_concerns_only_the_partner_with_that_address(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(shows(meet(subscription="ben").subscribes().events, PLACES[0]))
    deliver(meet(subscription="ada").subscribes().events)
    drain()
    assert ledger().balances == owed(ada=980, ben=980)


def test_self_referral_earns_if_the_program_allows_it(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    allow(merchant)
    deliver(shows(meet(subscription="ada").subscribes().events, PLACES[0]))
    drain()
    assert ledger().balances == owed(ada=980)


def test_self_referral_verdict_of_the_first_credit_stays(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Neither another address of hers nor another rule of the program's moves money that was credited before."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    with db.transaction() as session:
        enrollment.change_email(session, session.get_one(Partner, merchant.partners["ada"]), "ada@elsewhere.example")
    allow(merchant)
    deliver([own_customer(cleo)])
    drain()
    assert outcomes() == {"self_referral"}
    assert ledger().balances == owed(ada=0)


def test_the_explanation_has_the_reason_and_the_address_is_not_stored(
    meet: Meet, deliver: Deliver, drain: Drain, explained: Explained
) -> None:
    sale = meet(subscription="ada").subscribes()
    deliver(shows(sale.events, PLACES[2]))
    drain()
    explanation = " ".join(explained(sale.invoice)["sentences"])
    with db.transaction() as session:
        rows = "SELECT facts::text FROM stripe_objects UNION ALL SELECT email_mark FROM conversions"
        kept = session.scalars(text(rows))
        stored = " ".join(kept).lower()
    assert "The customer is the partner" in explanation
    assert "an e-mail address of the customer is the partner's" in explanation
    assert "partners.example" not in explanation.lower()
    assert "@" not in stored
    assert "email:" in stored


def test_the_owner_cannot_be_a_partner(merchant: Merchant, client: FlaskClient) -> None:
    del client
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        with pytest.raises(Conflict, match="the program's owner") as refused:
            enrollment.create_partner(session, program, email="Shop+Me@example.com")
    assert refused.value.code == "self_referral"
    allow(merchant)
    with db.transaction() as session:
        enrollment.create_partner(session, session.get_one(Program, merchant.program_id), email="shop@example.com")


def test_the_owners_organization_cannot_be_invited(merchant: Merchant) -> None:
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        own = ids.encode(ids.ORGANIZATION, merchant.organization_id)
        with pytest.raises(Conflict, match="owner cannot be its partner") as refused:
            invitations.invite(session, "public", program, "me@elsewhere.example", organization_id=own)
    assert refused.value.code == "self_referral"


def test_a_partner_of_the_owners_organization_earns_nothing(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    with db.transaction() as session:
        session.get_one(Partner, merchant.partners["ada"]).partner_organization_id = merchant.organization_id
    deliver(meet(subscription="ada").subscribes().events)
    drain()
    assert outcomes() == {"self_referral"}
    assert ledger().balances == {}


def test_an_address_seen_again_with_a_renewal_writes_nothing_to_the_customer(
    meet: Meet, deliver: Deliver, drain: Drain
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    shown = Place("invoice.paid", {"customer_email": "cleo@customers.example"})
    deliver(shows(first.events, shown))
    drain()
    before = version_of(cleo.id)
    deliver(shows(cleo.renews(first).events, shown))
    drain()
    assert version_of(cleo.id) == before


def version_of(object_id: str) -> str:
    """Which version of a row is current: an address is kept in it, and no other was written if it stays the same."""
    with db.transaction() as session:
        query = text("SELECT ctid::text, facts::text LIKE '%email:%' AS has_mark FROM stripe_objects WHERE id = :id")
        row = session.execute(query, {"id": object_id}).one()
    assert row.has_mark
    version: str = row.ctid
    return version
