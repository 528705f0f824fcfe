"""Pages with lively data: the example of `accrual demo --keep`, and one of everything else that a path can name."""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.cli.demo.example import people
from app.cli.demo.example.making import Example
from app.config import Settings
from app.organizations import keys
from tests import example
from tests.api.isolation.belongings import Ids, fill
from tests.api.sales import Sale
from tests.cast import Merchant
from tests.example import ShopInProcess
from tests.ledger_clock import LedgerClock

SHOWN = "in_elm01"
"""The invoice whose payment, commission and event are shown: half of it was refunded."""

_SALE = text("""
    SELECT payments.id AS payment_id, conversions.id AS conversion_id, commissions.id AS commission_id,
           (SELECT stripe_id FROM stripe_events WHERE object_id = :invoice ORDER BY id LIMIT 1) AS event_id
    FROM payments JOIN conversions ON conversions.payment_id = payments.id
    JOIN commissions ON commissions.conversion_id = conversions.id
    WHERE payments.key = :key
""")


@dataclass(frozen=True)
class Lively:
    """The example: the ids for the paths of pages, Ada's where they are a partner's, and who signs in."""

    ids: Ids
    owner: str = people.OWNER
    partner: str = people.PARTNERS[0].email


def build(application: Flask, settings: Settings, clock: LedgerClock) -> Lively:
    """Fill an empty database."""
    shop, made = example.make(application, settings, clock)
    merchant = Merchant(
        _uuid(shop.made.organization_id),
        _uuid(made.program_id),
        {code: _uuid(partner_id) for code, partner_id in made.partner_ids.items()},
    )
    with db.transaction() as session:
        more, _ = fill(session, settings, merchant, _sale(session), livemode=False)
        key = keys.list_keys(session, [merchant.organization_id], limit=1).rows[0]
        more["key_id"] = keys.public_id(key)
    return Lively({**more, **_paid(shop, made), "person_id": _person(shop)})


def _sale(session: Any) -> Sale:
    row = session.execute(_SALE, {"invoice": SHOWN, "key": f"invoice:{SHOWN}"}).one()
    return Sale(
        ids.encode(ids.PAYMENT, row.payment_id),
        ids.encode(ids.CONVERSION, row.conversion_id),
        ids.encode(ids.COMMISSION, row.commission_id),
        SHOWN,
        row.event_id,
    )


def _paid(shop: ShopInProcess, made: Example) -> Ids:
    """Ada's payout with its run and file, and her newest statement."""
    ada = made.partner_ids["ada"]
    [payout] = shop.call("GET", f"/v1/admin/affiliate/programs/{made.program_id}/payouts?partner_id={ada}")["data"]
    [file] = shop.call("GET", f"/api/v1/payout-runs/{payout['run_id']}")["data"]["files"]
    statements = shop.call("GET", f"/api/v1/partners/{ada}/statements")["data"]
    return {
        "payout_id": payout["id"],
        "payout_run_id": payout["run_id"],
        "file_id": file["id"],
        "statement_id": statements[0]["id"],
    }


def _person(shop: ShopInProcess) -> str:
    return str(shop.call("GET", "/api/v1/people")["data"][0]["id"])


def _uuid(public_id: str) -> Any:
    return ids.decode(public_id, public_id.rpartition("_")[0])
