"""The shop of a random year: its partners, their methods, and what it asks of payouts."""

import random
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app import db
from app.commissions.settling.settlement import Cause
from app.organizations.actors import CLI
from app.partners.models import Partner
from app.partners.payout_methods import commands as payout_methods
from app.partners.payout_methods.destinations import kinds
from app.programs.models import Program
from tests import cast
from tests.cast import Merchant

RATES_BPS = {0: 2000, 1: 500}
"""What the partner of a sale earns by its level; the second is for the partner above it."""
ABOVE = {"fay": "eva"}
METHODS = {"eva": "paypal", "fay": "paypal", "gus": "crypto"}
"""Ivy has chosen none."""
PARTNERS = ("eva", "fay", "gus", "ivy")
CURRENCIES = ("usd", "usd", "huf", "huf", "jpy", "kwd")
MINIMUMS = {"usd": 300, "huf": 2000}
DESTINATIONS = {
    "paypal": {"email": "partner@example.com"},
    "crypto": {"network": "bitcoin", "address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
}


def open_shop(chance: random.Random, merchant: Merchant) -> int:
    """Give the merchant's program partners, their methods, and a fee; returns the fee in basis points."""
    fee_bps = chance.choice([0, 333, 500])
    with db.transaction() as session:
        cast.open_ladder(session, merchant, {1: RATES_BPS[1]})
        program = session.get_one(Program, merchant.program_id)
        program.platform_fee_bps, program.minimum_payouts = fee_bps, dict(MINIMUMS)
        for code in PARTNERS:
            cast.enroll(session, merchant, code)
        for code, parent in ABOVE.items():
            cast.place_under(session, merchant, code, parent)
        for code, method in METHODS.items():
            choose_method(session, merchant, code, method)
    return fee_bps


def choose_method(session: Session, merchant: Merchant, code: str, method: str) -> None:
    partner = session.get_one(Partner, merchant.partners[code])
    payout_methods.choose(session, CLI, partner, kinds.validate(method, DESTINATIONS[method]))


def now() -> Cause:
    return Cause("request:r1", datetime.now(UTC))
