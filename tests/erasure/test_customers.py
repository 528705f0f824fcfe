"""Erased customers: no trace of them, the same money, and nothing brings them back."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app import db
from app.config import Settings
from app.errors import InvalidRequest, NotFound
from app.explanations import explain
from app.partners.joining import addresses
from app.stripe_events import listed, replaying
from app.stripe_events.replaying import Selection
from app.stripe_events.scope import Scope
from app.stripe_sync import fetched
from tests import cast
from tests.cast import Merchant
from tests.conftest import WEBHOOK_SECRET, Deliver, Drain, Ledger, deliver_to
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Erase, Story
from .person import ADDRESS, NAME, NEEDLES, OTHER_ADDRESS, described, found_in_tables

MONEY = """
    SELECT (SELECT json_agg(one ORDER BY id) FROM journal_entries AS one)::text,
           (SELECT json_agg(one ORDER BY entry_id, line) FROM postings AS one)::text,
           (SELECT json_agg(one ORDER BY id) FROM commissions AS one)::text,
           (SELECT json_agg(to_jsonb(one) - 'email_marks' - 'outcome_details' ORDER BY id) FROM payments AS one)::text,
           (SELECT json_agg(one ORDER BY id) FROM attributions AS one)::text
"""


def money() -> list[Any]:
    with db.transaction() as session:
        return list(session.execute(text(MONEY)).one())


def found(*needles: str) -> dict[str, list[str]]:
    with db.transaction() as session:
        return found_in_tables(session, *(needles or NEEDLES))


def marks_in(organization_id: UUID) -> list[str]:
    """The marks of Cleo's addresses in an organization."""
    with db.transaction() as session:
        salt = addresses.load_salt(session, organization_id)
    return [addresses.mark(salt, address) for address in (ADDRESS, OTHER_ADDRESS)]


def explained(subject: str) -> str:
    with db.transaction() as session:
        return json.dumps(explain.explain(session, subject))


@pytest.mark.parametrize("named", ["id", ADDRESS, "Cleo.Winter+again@mail.test"])
def test_no_trace_of_an_erased_customer_stays_and_all_money_does(
    erase: Erase, story: Story, merchant: Merchant, ledger: Ledger, named: str
) -> None:
    books, before = ledger(), money()
    assert set(found()["stripe_events"]) == set(NEEDLES) - {"cleo_@example.com"}
    known = marks_in(merchant.organization_id)
    assert found(*known).keys() == {"stripe_objects"}
    body = erase(story.customer.id if named == "id" else named)
    assert (body.customers, body.partners, body.payout_files) == ([story.customer.id], [], [])
    assert body.counts["stripe_events"] == len(story.events)
    assert found() == {}
    assert found(*known).keys() == {"tombstones"}
    assert (ledger(), money()) == (books, before)
    assert "ada" in explained(story.customer.id)
    assert erase(story.customer.id).counts["stripe_events"] == len(story.events), "repeating it is harmless"


def test_nothing_brings_an_erased_customer_back(
    erase: Erase, story: Story, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    erase(story.customer.id)
    books, before = ledger(), money()
    scope = Scope(merchant.organization_id, "", livemode=False)
    with db.transaction() as session:
        selection = Selection([merchant.organization_id], livemode=False)
        _, newest = replaying.measure(session, selection)
        replaying.replay_page(session, selection, after=0, newest=newest, limit=1_000)
    drain()
    deliver(story.events)
    with db.transaction() as session:
        assert listed.insert_listed(session, scope, story.events, is_backfill=True) == []
        objects = [event["data"]["object"] for event in story.events if event["type"] != "checkout.session.completed"]
        new = fetched.insert_documents(
            session, scope, objects, fetched_at=datetime.now(UTC), api_version=CLOVER.api_version, is_backfill=True
        )
        assert new
    drain()
    assert found() == {}
    assert found(*marks_in(merchant.organization_id)).keys() == {"tombstones"}
    assert (ledger(), money()) == (books, before)


@pytest.mark.parametrize("order", ["as sent", "backwards", "one by one", "one by one backwards"])
def test_renewal_of_an_erased_customer_pays_its_partner(
    erase: Erase, story: Story, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, order: str
) -> None:
    before = ledger()
    erase(ADDRESS)
    renewal = story.renew()[:: -1 if "backwards" in order else 1]
    for event in renewal if "one by one" in order else ():
        deliver([event])
        drain()
    deliver(renewal)
    drain()
    after = ledger()
    assert after.balances["partner_accrued", "ada", "usd"] == before.balances["partner_accrued", "ada", "usd"] + 980
    assert found() == {}
    assert found(*marks_in(merchant.organization_id)).keys() == {"tombstones"}


def test_a_document_that_could_not_be_processed_is_redacted_too(
    erase: Erase, story: Story, deliver: Deliver, drain: Drain
) -> None:
    erase(story.customer.id)
    [*_, charge] = [event for event in story.renew() if event["type"] == "charge.succeeded"]
    charge["data"]["object"]["amount"] = charge["data"]["object"]["amount_captured"] = "4900"
    deliver([charge])
    drain()
    assert found() == {}


def test_documents_of_the_wrong_mode_are_not_stored_once_people_were_erased(
    erase: Erase, story: Story, deliver: Deliver
) -> None:
    erase(story.customer.id)
    other = {**story.events[0], "livemode": True}
    deliver([other])
    assert found() == {}


def test_other_organizations_and_other_customers_keep_their_data(
    erase: Erase, story: Story, application: Any, settings: Settings, deliver: Deliver, drain: Drain
) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Other shop")
        cast.enroll(session, other, "ada")
    path = cast.open_endpoint(other.organization_id, settings, WEBHOOK_SECRET)
    deliver_to(application, path)(story.events)
    dora = Customer(CLOVER, Marks(subscription="ben"))
    deliver(dora.subscribes().events)
    drain()
    erase(ADDRESS)
    with db.transaction() as session:
        left = "SELECT organization_id, count(*) FROM stripe_events WHERE payload ILIKE :like GROUP BY 1"
        assert dict(map(tuple, session.execute(text(left), {"like": f"%{ADDRESS}%"}))) == {
            other.organization_id: sum(ADDRESS in json.dumps(event) for event in story.events)
        }
        dora_too = {"like": f"%{dora.id.lower()}@example.com%"}
        assert session.execute(text(left), dora_too).one().organization_id != other.organization_id
    assert found(*marks_in(other.organization_id)).keys() == {"stripe_objects"}


def stored(customer: Customer) -> tuple[int, int]:
    """How many documents have a customer's address, and how many its user's id."""
    counted = "SELECT count(*) FILTER (WHERE payload ILIKE :address), count(*) FILTER (WHERE payload LIKE :user)"
    values = {"address": f"%{customer.id.lower()}@example.com%", "user": "%user-dora-7%"}
    with db.transaction() as session:
        one = session.execute(text(f"{counted} FROM stripe_events"), values).one()
        return one[0], one[1]


def sales_of_dora(dora: Customer, **fields: Any) -> list[Any]:
    """Dora's subscription, with her user's id and these fields on every document about her."""
    events = json.loads(json.dumps([dora.appears(), *dora.subscribes().events]))
    for document in (event["data"]["object"] for event in events):
        about_her = document["object"] == "customer" or document.get("customer")
        metadata = {"user_id": "user-dora-7", **fields.get("metadata", {})} if about_her else {}
        document.update({**fields, "metadata": {**(document.get("metadata") or {}), **metadata}} if about_her else {})
    return list(events)


@pytest.mark.parametrize("name", [NAME, f"{NAME}smith"])
def test_another_customer_of_the_same_name_keeps_its_data(
    erase: Erase, story: Story, deliver: Deliver, drain: Drain, name: str
) -> None:
    dora = Customer(CLOVER, Marks(subscription="ben"))
    deliver(sales_of_dora(dora, name=name, customer_name=name))
    drain()
    before = stored(dora)
    assert min(before) > 1
    assert erase(story.customer.id).counts["stripe_events"] == len(story.events)
    assert stored(dora) == before


def test_a_customer_that_mentions_an_erased_one_is_not_erased(
    erase: Erase, story: Story, merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    dora = Customer(CLOVER, Marks(subscription="ben"))
    deliver([dora.appears(), *sales_of_dora(dora, metadata={"referred_by": story.customer.id})[1:]])
    drain()
    with db.transaction() as session:
        salt = addresses.load_salt(session, merchant.organization_id)
    mark = addresses.mark(salt, f"{dora.id.lower()}@example.com")
    assert found(mark).keys() == {"stripe_objects"}
    erase(story.customer.id)
    assert found(mark).keys() == {"stripe_objects"}
    assert stored(dora)[0] == 1, "documents that name an erased customer are stored without people"


def test_a_name_that_is_only_punctuation_erases_nothing_else(erase: Erase, deliver: Deliver, drain: Drain) -> None:
    cleo, dora = Customer(CLOVER), Customer(CLOVER, Marks(subscription="ben"))
    appeared = json.loads(json.dumps(cleo.appears()))
    appeared["data"]["object"] |= {"name": '": "', "phone": ", ,"}
    deliver([appeared, *sales_of_dora(dora)])
    drain()
    before = stored(dora)
    assert erase(cleo.id).counts["stripe_events"] == 1
    assert stored(dora) == before


def test_customer_that_is_its_own_partner_stays_unpaid_after_it_is_erased(
    erase: Erase, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()

    def of_ada(events: Any) -> list[Any]:
        return json.loads(json.dumps(list(events)).replace(f"{cleo.id.lower()}@example.com", "ada@partners.example"))

    deliver(of_ada(first.events))
    drain()
    assert not ledger().balances
    erase(cleo.id)
    deliver(of_ada(cleo.renews(first).events))
    with db.transaction() as session:
        session.execute(text("UPDATE stripe_events SET processed_at = processed_at"))
    drain()
    assert not ledger().balances
    with db.transaction() as session:
        assert found_in_tables(session, "ada@partners.example").keys() == {"partners"}


def test_reasons_and_codes_of_a_customer_are_erased(
    erase: Erase, deliver: Deliver, drain: Drain, merchant: Merchant
) -> None:
    cleo = Customer(CLOVER, Marks(session="cleo-winter", customer=OTHER_ADDRESS))
    events = list(map(described, [cleo.appears(), *cleo.buys().events]))
    deliver(events)
    drain()
    assert found("cleo-winter").keys() >= {"evidence", "payments", "stripe_events"}
    erase(cleo.id)
    assert found(*NEEDLES, "cleo-winter") == {}


def test_only_known_people_are_erased(erase: Erase, story: Story) -> None:
    with pytest.raises(NotFound, match="no customer 'cus_unknown'"):
        erase("cus_unknown")
    with pytest.raises(NotFound, match="no partner"):
        erase("par_01h455vb4pex5vsknk084sn02q")
    with pytest.raises(InvalidRequest, match="'cleo' is no Stripe customer"):
        erase("cleo")
    body = erase("stranger@mail.test")
    assert (body.customers, body.partners, body.counts["stripe_events"]) == ([], [], 0)
    del story
