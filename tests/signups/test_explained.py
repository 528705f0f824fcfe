"""Sign-ups are explained like every carrier, settled by the clock after an import, and paid for in lead programs."""

from datetime import UTC, datetime

from sqlalchemy import text

from app import db, ids
from app.organizations import actors
from app.programs.models import Program
from app.signups import commands
from app.signups.commands import Registration
from tests import cast
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.families import CLOVER
from worker import schedule

from .conftest import Explained
from .saying import Registry, address_of, bought, signed_up_at


def test_a_credited_payment_names_the_sign_up_and_how_the_customer_was_recognized(
    registry: Registry, deliver: Deliver, drain: Drain, explained: Explained
) -> None:
    cleo = Customer(CLOVER)
    sale = bought(cleo, "subscription", user="u-1")
    signup = ids.encode("sgn", registry.says(customer_id="u-1", partner="ada", occurred_at=signed_up_at(sale)))
    assert "No Stripe object is recognized by it yet." in explained(signup)["sentences"]
    deliver(sale.events)
    drain()
    said = " ".join(explained(sale.invoice)["sentences"])
    assert "by the customer's own sign-up" in said
    assert f"{sale.subscription} is recognized by data.object.metadata.user_id, as in {signup}" in said
    about = explained(signup)
    assert about["kind"] == "sign-up"
    assert f"By it these are recognized: {sale.subscription}." in about["sentences"]
    assert address_of("u-1") not in str(about)


def test_a_stripe_customer_that_no_event_has_shown_is_explained_by_its_sign_up(
    registry: Registry, explained: Explained
) -> None:
    registry.says(customer_id="u-1", partner="ada", stripe_customer_id="cus_imported")
    about = explained("cus_imported")
    assert about["kind"] == "sign-up"
    assert "No Stripe object is recognized by it yet." in about["sentences"]


def test_an_unattributed_payment_shows_the_user_of_whom_no_sign_up_counts(
    deliver: Deliver, drain: Drain, explained: Explained
) -> None:
    sale = bought(Customer(CLOVER), "customer", user="u-2")
    deliver(sale.events)
    drain()
    assert "the user 'u-2', of whom no sign-up counts" in " ".join(explained(sale.invoice)["sentences"])


def test_an_imported_customer_is_credited_by_the_clock_and_said_to_be_imported(
    merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, explained: Explained
) -> None:
    sale = bought(Customer(CLOVER), "email", user="u-3")
    deliver(sale.events)
    drain()
    stated = Registration(
        "rw_1",
        signed_up_at(sale),
        "import:rewardful",
        partner_id=merchant.partners["ada"],
        email=address_of("u-3"),
    )
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        signup, _ = commands.record(session, actors.CLI, program, stated, livemode=False, cause="import:1")
        public_id = ids.encode("sgn", signup.id)
    assert ledger().balances == {}
    schedule.settle_signups()
    assert ledger().balances == owed(ada=980)
    assert "was imported from rewardful" in explained(public_id)["sentences"][0]


def test_a_program_that_pays_for_sign_ups_counts_each_user_of_the_server_once(
    merchant: Merchant, registry: Registry, ledger: Ledger
) -> None:
    with db.transaction() as session:
        session.execute(
            text("UPDATE programs SET conversion_kind = 'event', conversion_event_name = 'signup' WHERE id = :id"),
            {"id": merchant.program_id},
        )
        session.execute(
            text('UPDATE snapshots SET commission = \'{"type": "flat", "amount_cents": 500}\''),
        )
    registry.says(customer_id="u-4")
    assert ledger().balances == {}
    for _ in range(2):
        registry.says(customer_id="u-4", partner="ada")
    registry.says(customer_id="u-5", partner="ben", email="ben@partners.example")
    registry.says(customer_id="u-6", partner="ada", source="import:tolt")
    registry.claims("b" * 16, "x@buyers.example", customer_id="u-7")
    with db.transaction() as session:
        session.execute(text("UPDATE signups SET check_at = :now"), {"now": datetime.now(UTC)})
    schedule.settle_signups()
    assert ledger().balances == owed(ada=500)
    assert sorted(line.outcome for line in ledger().payments) == ["accrued", "self_referral"]
    with db.transaction() as session:
        cast.change_status(session, merchant, "ada", "paused")
    assert ledger().balances == owed(ada=500)
