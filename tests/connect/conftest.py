"""A merchant whose platform is the emulated Stripe, and partners who open accounts there."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from app import db
from app.config import Settings
from app.organizations import hierarchy, keys
from app.partners.models import Partner
from tests.api.conftest import Caller, MakeCaller, caller_of, owner
from tests.cast import Merchant
from tests.conftest import WEBHOOK_SECRET
from tests.emulator.conftest import Connect, connect
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.lookups.conftest import asking
from tests.payouts.till import Till
from worker.payouts import accounts, transfers

__all__ = ["Connect", "asking", "caller_of", "connect", "owner"]

ME = "/v1/admin/affiliate-me"
ACCOUNT = f"{ME}/payout-account"
LINK = f"{ACCOUNT}/link"

Affiliate = Callable[..., Caller]
Work = Callable[[], int]
Recipient = Callable[..., str]


@pytest.fixture
def shop() -> Iterator[Emulator]:
    """The merchant's Stripe, whose clock is ours at first: a link expires by both."""
    with Emulator(now=int(time.time())) as shop:
        yield shop


@pytest.fixture
def settings(any_settings: Settings, database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """As everywhere, with payouts switched on."""
    changes = {"database_url": database_url, "redis_url": redis_url, "data_dir": tmp_path, "payouts_live": True}
    return any_settings.model_copy(update=changes)


@pytest.fixture
def till(merchant: Merchant, caller_of: MakeCaller) -> Till:
    return Till(caller_of(merchant), merchant)


@pytest.fixture
def recipient(affiliate: Affiliate, asking: Settings, shop: Emulator, till: Till, work: Work) -> Recipient:
    """A partner with an account that can receive, approved sales, and `stripe` as its payout method."""

    def recipient(code: str, *bases_minor: int, currency: str = "usd") -> str:
        caller = affiliate(code)
        caller.post(ACCOUNT, {})
        work()
        account = str(caller.get(ACCOUNT).json["stripe_account_id"])
        shop.onboard(account)
        request_check()
        work()
        assert caller.get(ACCOUNT).json["status"] == "ready"
        till.owes(code, *bases_minor, currency=currency)
        till.pays_to(code, method="stripe")
        return account

    return recipient


@pytest.fixture
def transfer(application: Flask, asking: Settings) -> Work:
    """Work on every transfer that is due; gives how many were claimed."""

    def transfer() -> int:
        claimed = 0
        while transfers.do_next():
            claimed += 1
        return claimed

    return transfer


@pytest.fixture
def affiliate(application: Flask, merchant: Merchant) -> Affiliate:
    """Give a partner an organization, and make a caller of its key: `affiliate("ada", livemode=True)`."""
    made = {}

    def affiliate(code: str, *, level: str = "manage", livemode: bool = False) -> Caller:
        with db.transaction() as session:
            if code not in made:
                made[code] = hierarchy.create_organization(session, kind="affiliate", name=code).id
            session.get_one(Partner, merchant.partners[code]).partner_organization_id = made[code]
            _, plaintext = keys.create_key(session, made[code], name="tests", level=level, livemode=livemode)
        return Caller(application, plaintext)

    return affiliate


@pytest.fixture
def ada(affiliate: Affiliate, asking: Settings) -> Caller:
    """Ada's key, while the merchant has a key of the emulated Stripe."""
    return affiliate("ada")


@pytest.fixture
def work(application: Flask) -> Work:
    """Ask Stripe about every account that is due; gives how many were claimed."""

    def work() -> int:
        claimed = 0
        while accounts.do_next():
            claimed += 1
        return claimed

    return work


@pytest.fixture
def listening(connect: Connect, shop: Emulator) -> Endpoint:
    """Our receiver takes the events of connected accounts."""
    assert WEBHOOK_SECRET
    return connect(of_connected=True)


def request_check() -> None:
    """Have every account fetched."""
    with db.transaction() as session:
        session.execute(text("UPDATE connected_accounts SET due_at = now()"))


def make_transfers_due() -> None:
    """Let every wait for Stripe end, and every claim of a process that died."""
    with db.transaction() as session:
        session.execute(text("UPDATE payout_transfers SET due_at = now() WHERE due_at IS NOT NULL"))


def make_accounts_due() -> None:
    """Let every wait for Stripe end."""
    with db.transaction() as session:
        session.execute(text("UPDATE connected_accounts SET due_at = now() WHERE due_at IS NOT NULL"))
