"""The story of a lively shop: sales, renewals, refunds, disputes, an upline, months, payouts and what comes back."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.elsewhere import opening_balances
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.commissions.settling.settlement import Cause
from app.explanations import explain
from app.integrity import verify
from app.ledger.checkpoints import ProgramDays
from app.ledger.recorded_time import past_balances
from app.partners.models import Partner
from app.programs.models import Program
from app.signups import commands as signups
from app.statements import documents, queries
from app.statements import views as statements
from tests import cast
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.journeys.desk import open_desk
from tests.journeys.visits import Visitor, name_session
from tests.ledger_clock import LedgerClock
from tests.payouts.till import Till, payout_of
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks, Purchase
from tests.stripe_stories.families import ACACIA
from tests.stripe_stories.troubles import DisputeStory
from worker import schedule
from worker.ledger import balances
from worker.ledger.months import close_due

from .rest_of_shop import complete

MONTHS = ("2026-05-05", "2026-06-05", "2026-07-05")
HOOK = {"url": "https://hooks.shop.example/in", "events": ["*"]}
PROGRAM_NAME = "=Friends, with a formula"


@dataclass
class Story:
    """The shop and the people who can still act in it after its restoration."""

    merchant: Merchant
    deliver: Deliver
    drain: Drain
    clock: LedgerClock
    cleo: Customer = field(default_factory=lambda: Customer(ACACIA, Marks(subscription="ada", customer="ada")))
    dora: Customer = field(default_factory=lambda: Customer(ACACIA, Marks(subscription="eve")))
    first: Purchase | None = None
    instants: list[datetime] = field(default_factory=list)
    """Times between which something was recorded."""

    def happens(self, day: str, *events: Any) -> None:
        self.clock.set(datetime.fromisoformat(day).replace(tzinfo=UTC))
        self.deliver(events)
        self.drain()

    def ends_month(self, day: str) -> None:
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
        self.clock.set(moment)
        close_due()
        self.instants.append(moment)


def live(story: Story, till: Till, client: FlaskClient) -> None:
    """Three months of the shop, up to now."""
    shop = story.merchant
    with db.transaction() as session:
        cast.open_ladder(session, shop, {1: 500})
        cast.enroll(session, shop, "eve")
        cast.place_under(session, shop, "eve", "ada")
    till.sets(platform_fee_bps=500, name=PROGRAM_NAME)
    answer = till.caller.post("/api/v1/webhook-endpoints", HOOK)
    assert answer.status_code == 201, answer.text
    for customer in (story.cleo, story.dora):
        customer.now = int(datetime(2026, 5, 4, tzinfo=UTC).timestamp())
    _brings_along(story)
    _sells(story)
    _is_credited_by_hand(story, client)
    _pays(story, till)
    complete(till)


def _brings_along(story: Story) -> None:
    """What was earned elsewhere, and the sign-up of a user."""
    shop, at = story.merchant, datetime(2026, 4, 20, tzinfo=UTC)
    by = Cause("job:import", at)
    story.clock.set(at)
    with db.transaction() as session:
        ada = session.get_one(Partner, shop.partners["ada"])
        earned = EarnedElsewhere("usd", 12_345, "csv", "ada-usd", at)
        opening_balances.record(session, "cli", ada, earned, livemode=False, cause=by)
        asked = signups.Registration(customer_id="user_1", occurred_at=at, source="server", partner_id=ada.id)
        program = session.get_one(Program, shop.program_id)
        signups.record(session, "cli", program, asked, livemode=False, cause=by.by)


def _sells(story: Story) -> None:
    cleo, dora = story.cleo, story.dora
    story.first, second = cleo.subscribes(), dora.subscribes()
    story.happens(MONTHS[0], *story.first.events, *second.events)
    story.ends_month("2026-06-02")
    dispute = DisputeStory(dora, second)
    happened = (dispute.opens(), dispute.takes_the_money(), dispute.closes("lost"))
    story.happens(MONTHS[1], *cleo.renews(story.first).events, *cleo.is_refunded(story.first, 1000).events, *happened)
    story.ends_month("2026-07-02")
    story.happens(MONTHS[2], *cleo.renews(story.first).events, *dora.renews(second).events)
    story.ends_month("2026-08-02")


def _is_credited_by_hand(story: Story, client: FlaskClient) -> None:
    stray, visiting = Customer(ACACIA), Customer(ACACIA)
    unknown, visited = stray.buys(invoiced=True), visiting.subscribes()
    Visitor(story.merchant).follows("ben", visited.paid_at, days=3)
    name_session(visited.event("checkout.session.completed"))
    story.happens("2026-08-03", *unknown.events, *visited.events, *Customer(ACACIA).buys().events)
    answer = open_desk(client, story.merchant).credits(str(unknown.invoice), "ben")
    assert answer.status_code == 200, answer.text


def _pays(story: Story, till: Till) -> None:
    story.clock.set(datetime(2026, 8, 5, tzinfo=UTC))
    till.owes("ada", 4900, 1900)
    till.owes("dan", 4900)
    till.puts_method(
        "ben", method="bank_transfer", account_holder="Ben Partner", iban="DE89370400440532013000", town="Berlin"
    )
    [sale] = [till.sells("ben", 9900)]
    till.approves(sale.conversion_id)
    run = till.runs()
    assert run["totals"], run
    till.did(payout_of(run, till, "ada")["id"], "confirm")
    back = payout_of(run, till, "dan")["id"]
    till.did(back, "confirm")
    till.did(back, "return", amount_cents=500, reason="name does not match")
    till.refunds(till.owes("dan", 2000)[0], 500)
    answer = till.writes_off("dan", 100)
    assert answer.status_code == 200, answer.text
    story.instants.append(datetime(2026, 8, 5, 12, tzinfo=UTC))


def goes_on(story: Story, till: Till) -> None:
    """What happens after the restoration: what is known arrives again, a renewal, a refund of an old sale, payouts."""
    assert story.first is not None
    story.happens("2026-08-20", *story.first.events)
    before = till.holds("ada")
    story.happens("2026-08-21", *story.cleo.renews(story.first).events)
    assert till.holds("ada")[0] - before[0] == 980
    story.happens("2026-08-22", *story.cleo.is_refunded(story.first, 3900).events)
    assert till.holds("ada")[0] - before[0] == 980 - 780
    till.owes("ada", 10000)
    till.approves(till.sells("ben", 9900).conversion_id)
    run = till.runs()
    assert run["status"] == "open", run
    till.did(payout_of(run, till, "ada")["id"], "confirm")
    assert [payout["method"] for payout in run["payouts"] if payout["partner_id"] == till.partner("ben")] == [
        "bank_transfer"
    ]
    story.ends_month("2026-09-02")
    for _ in range(3):
        schedule.advance_sums()
        balances.advance()


def seen(story: Story) -> dict[str, Any]:
    """What the installation says: balances at every time, explanations of everything, statements, methods, books."""
    with db.transaction() as session:
        assert verify.verify(session) == []
    with db.transaction() as session:
        found = {
            "balances": _balances(session, story),
            "explanations": _explanations(session),
            "statements": _statements(session, story.merchant),
            "methods": _methods(session, story.merchant),
        }
    return json.loads(json.dumps(found, default=str))  # type: ignore[no-any-return]


def _balances(session: Session, story: Story) -> dict[str, Any]:
    days = ProgramDays(story.merchant.program_id, story.merchant.organization_id, "UTC")
    instants = [*story.instants, datetime(9999, 1, 1, tzinfo=UTC)]
    found = {str(at): past_balances.load(session, days, at, livemode=False) for at in instants}
    assert all(found.values())
    return found


_NAMED = {
    "com": "commissions",
    "pmt": "payments",
    "att": "attributions",
    "par": "partners",
    "prog": "programs",
    "opb": "opening_balances",
    "cnv": "conversions",
}


def _explanations(session: Session) -> dict[str, Any]:
    named = [
        ids.encode(prefix, row_id)
        for prefix, table in _NAMED.items()
        for row_id in session.scalars(text(f"SELECT id FROM {table} ORDER BY id"))
    ]
    named += session.scalars(text("SELECT id FROM stripe_objects ORDER BY id"))
    named += session.scalars(text("SELECT stripe_id FROM stripe_events ORDER BY id"))
    named += session.scalars(text("SELECT code FROM partner_codes ORDER BY code"))
    return {each: explain.explain(session, each) for each in named}


def _statements(session: Session, shop: Merchant) -> list[Any]:
    found = queries.list_statements(session, list(shop.partners.values()), livemode=False, limit=100).rows
    bodies = [statements.body(one, queries.load_lines(session, one), for_owner=True) for one in found]
    return [(body.hash, documents.as_csv(body)) for body in bodies]


def _methods(session: Session, shop: Merchant) -> list[Any]:
    del session, shop
    return []
