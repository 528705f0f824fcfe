"""A merchant with a coupon at the emulated Stripe, whose process makes promotion codes for partners."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from tests.api.conftest import Caller, MakeCaller, caller_of, owner
from tests.cast import Merchant
from tests.connect.conftest import Connect, Work, ada, affiliate, asking, connect, shop
from tests.emulator.emulator import Emulator
from worker.stripe_sync import promotion_codes

__all__ = ["Connect", "MakeCaller", "Work", "ada", "affiliate", "asking", "caller_of", "connect", "owner", "shop"]

MINE = "/v1/admin/affiliate-me/promotion-codes"
CREATE = "POST /v1/promotion_codes"
Path = Callable[[str], str]


@pytest.fixture
def path(merchant: Merchant) -> Path:
    """The path of a partner's promotion codes."""
    return lambda code: f"/api/v1/partners/{ids.encode('par', merchant.partners[code])}/promotion-codes"


@pytest.fixture
def coupon(shop: Emulator) -> str:
    """A coupon of the merchant's."""
    return shop.coupon().id


@pytest.fixture
def work(application: Flask, asking: Settings) -> Work:
    """Make every code that is due; gives how many were claimed."""

    def work() -> int:
        claimed = 0
        while promotion_codes.do_next():
            claimed += 1
        return claimed

    return work


@pytest.fixture
def program_coupon(owner: Caller, merchant: Merchant, coupon: str) -> str:
    """The coupon, as that of the program."""
    program = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}"
    assert owner.patch(program, {"promotion_coupon": coupon}).json["promotion_coupon"] == coupon
    return coupon


def make_due() -> None:
    """Let every wait for Stripe end, and every claim of a process that died."""
    with db.transaction() as session:
        session.execute(text("UPDATE promotion_code_requests SET due_at = now() WHERE due_at IS NOT NULL"))
