"""Erased people who signed up: recognized by the same sign-up as before, which says no longer who they are."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.commissions.elsewhere import customers
from app.commissions.settling.settlement import Cause
from app.organizations import actors
from app.programs.models import Program
from app.signups import commands as signups
from app.signups.commands import Registration
from app.stripe_events import replaying
from app.stripe_events.replaying import Selection
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.signups.saying import USER, WAYS, Registry, address_of, bought, signed_up_at, stated_by
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.families import CLOVER

from .conftest import Erase
from .test_customers import found, money

USED = """
    INSERT INTO referral_codes (id, organization_id, livemode, app_user_id, code)
    VALUES (:code, :owner, false, 'u-17', 'AB12CD34');
    INSERT INTO referral_claims (id, organization_id, livemode, referral_code_id, referrer_id, referee_id)
    VALUES (:claim, :owner, false, :code, 'u-17', 'U-17@Buyers.example');
    INSERT INTO currency_balances (id, organization_id, livemode, app_user_id, currency, balance)
    VALUES (:other, :owner, false, 'u-17', 'coins', 5);
    INSERT INTO currency_transactions (id, organization_id, livemode, app_user_id, currency, amount, reward,
                                       balance_after, claim_id)
    VALUES (:other, :owner, false, 'u-17', 'coins', 5, 5, 5, :claim)
"""


@pytest.fixture
def registry(merchant: Merchant) -> Registry:
    return Registry(merchant)


@pytest.mark.parametrize("way", WAYS)
def test_a_recognized_customer_stays_its_partners_after_it_is_erased(
    way: str,
    erase: Erase,
    registry: Registry,
    merchant: Merchant,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
) -> None:
    cleo = Customer(CLOVER)
    sale = bought(cleo, way)
    registry.says(partner="ada", occurred_at=signed_up_at(sale), **stated_by(way, cleo))
    deliver(sale.events)
    drain()
    books, before = ledger(), money()
    assert books.balances["partner_accrued", "ada", "usd"] == 980
    erase(cleo.id)
    assert found(f'"{USER}"', f":{USER}", f"({USER},", f",{USER},", address_of(USER)) == {}
    with db.transaction() as session:
        selection = Selection([merchant.organization_id], livemode=False)
        _, newest = replaying.measure(session, selection)
        replaying.replay_page(session, selection, after=0, newest=newest, limit=1_000)
    drain()
    assert (ledger(), money()) == (books, before)
    deliver(cleo.renews(sale).events)
    drain()
    assert ledger().balances["partner_accrued", "ada", "usd"] == 1960


def test_a_claim_by_a_browser_is_believed_as_before(
    erase: Erase, deliver: Deliver, drain: Drain, ledger: Ledger, merchant: Merchant
) -> None:
    cleo = Customer(CLOVER)
    sale = bought(cleo, "customer", email=address_of(USER))
    with db.transaction() as session:
        touch = """
            INSERT INTO touchpoints (id, organization_id, program_id, partner_id, code, session_id, source, landing,
                                     touched_at)
            VALUES (:id, :owner, :program, :partner, 'ada', 'session-17', 'link', 'https://shop.test/u-17', :at)
        """
        where = {"owner": merchant.organization_id, "program": merchant.program_id}
        at = signed_up_at(sale, days=2)
        session.execute(text(touch), {**where, "id": ids.new(), "partner": merchant.partners["ada"], "at": at})
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        claim = Registration(USER, signed_up_at(sale), "browser", session_id="session-17", email=address_of(USER))
        signups.record(session, actors.PUBLIC, program, claim, livemode=False, cause="request:r2")
    deliver(sale.events)
    drain()
    assert ledger().balances["partner_accrued", "ada", "usd"] == 980
    erase(address_of(USER))
    assert found(address_of(USER), f"/{USER}", f",{USER},") == {}
    deliver(cleo.renews(sale).events)
    drain()
    assert ledger().balances["partner_accrued", "ada", "usd"] == 1960


def test_app_users_and_histories_get_pseudonyms(
    erase: Erase, registry: Registry, merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    cleo = Customer(CLOVER)
    registry.says(partner="ada", email=address_of(USER))
    deliver(bought(cleo, "customer").events)
    drain()
    now = signed_up_at(bought(Customer(CLOVER)))
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        history: dict[str, Any] = {"stripe_customer_id": None, "email": address_of(USER), "first_paid_at": now}
        customers.record(session, actors.CLI, program, livemode=False, cause=Cause("job:tests", now), **history)
        values = {"owner": merchant.organization_id, "code": ids.new(), "claim": ids.new(), "other": ids.new()}
        for statement in USED.split(";"):
            session.execute(text(statement), values)
    erase(address_of(USER))
    assert found(USER, address_of(USER)) == {}
    with db.transaction() as session:
        kept = "SELECT balance, app_user_id IN (SELECT referrer_id FROM referral_claims) FROM currency_balances"
        assert tuple(session.execute(text(kept)).one()) == (5, True)
        assert session.scalar(text("SELECT is_active FROM referral_codes")) is False
        assert json.dumps(session.scalar(text("SELECT email_encrypted FROM customer_histories"))) == "null"
