"""Every statement of a story through all routes, the drain and the clock has an index at a million rows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from flask import Flask
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from app import db
from app.commissions.elsewhere import customers
from app.commissions.settling.settlement import Cause
from app.config import Settings
from app.organizations.actors import CLI
from app.programs.models import Program
from app.stripe_sync import api_keys
from tests import plans
from tests.cast import Merchant, enroll, set_api_key
from tests.conftest import Deliver, Drain
from tests.console.conftest import paths
from tests.outbox.listening import listen
from tests.pages.conftest import Browser
from tests.people.conftest import OWNER, add_person
from tests.portal.conftest import pages
from tests.servers import Servers
from tests.signups.saying import Registry
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory
from worker import schedule
from worker.ledger import balances

from .conftest import Caller
from .isolation.calls import call, operation_of
from .isolation.conftest import guarded, routes
from .isolation.table import Route
from .isolation.world import World, build
from .referrals.conftest import App

PARTNERS = 25
CUSTOMERS = 75
APP_USERS = 20
PARTNER = "ada@partners.example"

WITHOUT_ROWS = frozenset(
    {
        *("export_parts", "import_refusals", "payout_returns", "session_touches", "stripe_runs_seen"),
        "touchpoints_elsewhen",
    }
)
"""Tables that the story fills no row into; the planner knows nothing of them."""
ACCEPTED = frozenset({"SELECT coalesce(sum(amount_minor), 0)::bigint FROM postings"})
"""Statements that read a whole table: the metric of imbalance, which the clock measures every five minutes."""
BY_OUTCOME = "stripe_events.outcome = "
"""Lists of events by outcome. Block ranges serve a rare outcome (decision 0044). Of an outcome that one event in fifty
has, the planner fills a page sooner by a walk from the newest, which keeps less than `plans.KEPT_BY_WALK`."""

__all__ = ["guarded", "routes"]


@pytest.fixture
def world(application: Flask, settings: Settings, merchant: Merchant) -> World:
    return build(application, settings, merchant)


@pytest.fixture
def superuser(servers: Servers, database_url: str) -> Iterator[psycopg.Connection]:
    name = database_url.rpartition("/")[2].partition("?")[0]
    with servers.superuser(name) as connection:
        yield connection
        connection.execute("CREATE TABLE statistics_were_declared ()")  # so that no other test uses the database


def history(merchant: Merchant, customers: int) -> list[Event]:
    with db.transaction() as session:
        for number in range(PARTNERS):
            enroll(session, merchant, f"partner-{number}")
    events: list[Event] = []
    registry = Registry(merchant)
    for number in range(customers):
        cleo = Customer(CLOVER, Marks(subscription=f"partner-{number % PARTNERS}"))
        first = cleo.subscribes()
        registry.records(
            f"user_{number}", partner=f"partner-{number % PARTNERS}", email=f"{number}@b.example", stripe_id=cleo.id
        )
        events += first.only("customer.subscription.created", "invoice.paid").events
        if number % 2:
            events.append(cleo.renews(first).event("invoice.paid"))
    return events


def story(cleo: Customer) -> list[Event]:
    """Everything that happens to a payment, and a charge whose invoice is not known."""
    first, second = cleo.subscribes(), cleo.subscribes()
    trouble = DisputeStory(cleo, first)
    return [
        *first.events,
        *cleo.renews(first).events,
        *cleo.is_refunded(first, 500).events,
        trouble.opens(),
        trouble.takes_the_money(),
        trouble.closes("lost"),
        second.event("charge.succeeded"),
        Customer(CLOVER, Marks()).subscribes().event("invoice.paid"),
    ]


def queries(application: Flask, world: World, route: Route) -> Iterator[dict[str, Any]]:
    """Of a GET route: no parameter, and each that its document names alone."""
    yield {}
    for one in operation_of(application, route).get("parameters", ()) if route.method == "GET" else ():
        if one["in"] == "query":
            kinds = [one["schema"], *one["schema"].get("anyOf", ())]
            choices = [choice for kind in kinds for choice in kind.get("enum", ())]
            value = world.ids.get(one["name"])
            for choice in choices or ([value] if value else ()):
                yield {one["name"]: choice}


def refer(owner: Caller) -> None:
    """App users of the owner's read their codes, claim one and read their balances."""
    made = owner.post("/api/v1/client-keys", {"name": "app"}).json
    app = App(owner.application, made["client_key"], made["client_secret"], made["id"])
    for number in range(APP_USERS):
        referrer, referee = app.user(f"referrer_{number}"), app.user(f"referee_{number}")
        assert referee.claim(referrer.code).status_code == 201
        assert referrer.balances


def read_pages(application: Flask, world: World, merchant: Merchant) -> None:
    """A person of the owner's opens every page of the console, and one of Ada's every page of the portal."""
    add_person(merchant.organization_id, OWNER)
    browser = Browser(application).sign_in()
    assert browser.send("/console/settings", "/console/mode", livemode="false").status_code == 303
    for path in paths(application, world.ids):
        assert browser.get(path).status_code == 200, path
    add_person(world.organization_ids["ada"], PARTNER)
    partner = Browser(application).sign_in(PARTNER, leads_to="/portal")
    assert partner.send("/portal", "/console/mode", livemode="false").status_code == 303
    for path in pages(application, world.ids):
        assert partner.get(path).status_code == (404 if world.ids["payout_id"] in path else 200), path


def test_every_statement_has_an_index_for_what_it_asks(
    world: World,
    guarded: list[Route],
    application: Flask,
    merchant: Merchant,
    settings: Settings,
    deliver: Deliver,
    drain: Drain,
    superuser: psycopg.Connection,
) -> None:
    come_from_elsewhere(merchant)
    set_api_key(merchant.organization_id, "rk_test_of_the_shop_0123456789", settings)
    api_keys.connect(settings)  # whether there is a key is cached for some seconds
    with db.transaction() as session:
        session.execute(text("UPDATE organizations SET parent_id = NULL"))  # each owner sees one organization
        session.execute(text("UPDATE stripe_runs SET dry_run = true"))  # during a backfill nothing is approved
    ask_stripe(merchant)
    listen(merchant.organization_id)
    pay_by_stripe()
    deliver(history(merchant, CUSTOMERS))
    write_mails(merchant)
    drain()
    schedule.approve_mature()
    schedule.advance_sums()
    balances.advance()
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    with plans.recorded() as recorder:
        events = story(cleo)
        deliver(events)
        drain()
        owner = world.callers["owner"]
        owner.call("POST", "/api/v1/api-keys", extra={"Idempotency-Key": "once"}, json={"name": "again"})
        application.test_client().get("/r/ada")
        read_pages(application, world, merchant)
        for route in sorted(guarded, key=lambda one: one.method != "GET"):  # some make further organizations
            if route.method != "DELETE":
                for query in queries(application, world, route):
                    call(owner, world, route, application, **query)
                if route.is_partner_side:
                    call(world.callers["ada"], world, route, application)
        refer(owner)
        for any_id in {*world.ids.values(), *(event["data"]["object"]["id"] for event in events)}:
            owner.get("/api/v1/explanations", id=any_id)
        for routine in schedule.routines():
            if routine.name != "maintain_touchpoint_partitions":  # creates tables
                routine.run()
    planner = plans.at_a_million(superuser)
    assert planner.unknown == WITHOUT_ROWS
    statements = {
        statement: executions
        for statement, executions in recorder.executions.items()
        if statement not in ACCEPTED and BY_OUTCOME not in statement
    }
    faults = {statement: found for statement, one in statements.items() if (found := planner.faults(one))}
    assert faults == {}, "\n\n".join(f"{statement}\n{found}" for statement, found in faults.items())
    for table in ("commissions", "payments", "stripe_events"):
        with superuser.transaction(force_rollback=True):
            drop_indexes(superuser, table)
            assert any(planner.faults(one) for statement, one in statements.items() if table in statement), table


_ACCOUNTS = text("""
    INSERT INTO connected_accounts (id, organization_id, partner_organization_id, livemode)
    SELECT id, organization_id, partner_organization_id, false FROM partners WHERE partner_organization_id IS NOT NULL
""")
_TRANSFERS = text("""
    INSERT INTO payout_transfers (payout_id, organization_id, livemode, account, currency, amount_minor)
    SELECT id, organization_id, livemode, 'acct_1', currency, net_minor FROM payouts
""")


_LOOKUPS = text("""
    INSERT INTO lookups (organization_id, livemode, kind, object_id, done_at)
    SELECT :organization_id, false, 'invoice', 'in_answered_' || number, now() FROM generate_series(1, :count) AS number
""")


def ask_stripe(merchant: Merchant) -> None:
    """Stripe has answered nearly every look-up, as it has wherever there are many."""
    with db.transaction() as session:
        session.execute(_LOOKUPS, {"organization_id": merchant.organization_id, "count": 40 * CUSTOMERS})


_MAILS = text("""
    INSERT INTO mails (id, organization_id, program_id, partner_id, livemode, kind, fact, state, finished_at)
    SELECT gen_random_uuid(), organization_id, program_id, id, nullif(number % 10, 0) IS NULL, 'monthly_summary',
           number || ' ' || id, 'sent', now()
    FROM partners CROSS JOIN generate_series(1, :count) AS number WHERE organization_id = :organization_id
""")


def write_mails(merchant: Merchant) -> None:
    """Partners got mails each month, nearly all about the money of one mode."""
    with db.transaction() as session:
        session.execute(_MAILS, {"organization_id": merchant.organization_id, "count": 60})


def pay_by_stripe() -> None:
    """Partners have accounts at Stripe, and payouts are transferred to them."""
    with db.transaction() as session:
        session.execute(_ACCOUNTS)
        assert session.execute(_TRANSFERS).rowcount > 0


def come_from_elsewhere(merchant: Merchant) -> None:
    """Customers have a history elsewhere: some are to be settled again, others were."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        for number in range(CUSTOMERS):
            named = {"stripe_customer_id": f"cus_{number}", "email": None}
            if number % 2:
                named = {"stripe_customer_id": None, "email": f"customer-{number}@example.com"}
            by = Cause("request:r1", datetime.now(UTC))
            customers.record(session, CLI, program, livemode=False, first_paid_at=by.occurred_at, cause=by, **named)
        session.execute(text("UPDATE customer_histories SET settled_at = now() WHERE stripe_customer_id < 'cus_6'"))


def drop_indexes(superuser: psycopg.Connection, table: str) -> None:
    """Drop all indexes of a table that are not its keys."""
    indexes = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass AND NOT indisunique"
    names = [name for (name,) in superuser.execute(indexes, [table]).fetchall()]
    assert names
    superuser.execute(SQL("DROP INDEX {}").format(SQL(", ").join(map(Identifier, names))))
