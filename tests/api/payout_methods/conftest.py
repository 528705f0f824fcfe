"""Destinations of payouts, and Ada, who chooses hers."""

from typing import Any

import pytest
from flask import Flask

from app import db, ids
from app.organizations import hierarchy, keys
from app.partners.models import Partner
from tests.api.conftest import Caller
from tests.cast import Merchant

ME = "/v1/admin/affiliate-me"
IBAN = "DE75512108001245126199"
BANK = {"method": "bank_transfer", "account_holder": "Ada Lane", "iban": IBAN, "town": "Berlin"}
PAYPAL = {"method": "paypal", "email": "ada.pays@example.com"}
DEBTOR = {
    "name": "Acme GmbH",
    "iban": "DE89370400440532013000",
    "street": "Hauptstr. 1",
    "postal_code": "10115",
    "town": "Berlin",
    "country": "de",
}


@pytest.fixture
def path(merchant: Merchant) -> str:
    return f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/payout-method"


@pytest.fixture
def ada(application: Flask, merchant: Merchant) -> Caller:
    """Ada, with a key of her own organization."""
    return caller(application, merchant, "ada")


def caller(application: Flask, merchant: Merchant, code: str, level: str = "manage") -> Caller:
    with db.transaction() as session:
        partner = session.get_one(Partner, merchant.partners[code])
        if partner.partner_organization_id is None:
            made = hierarchy.create_organization(session, kind="affiliate", name=code)
            partner.partner_organization_id = made.id
        _, plaintext = keys.create_key(session, partner.partner_organization_id, name="tests", level=level)
    return Caller(application, plaintext)


def put(who: Caller, path: str, body: Any) -> Any:
    return who.call("PUT", path, json=body)


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [problem["reason"] for problem in answer.json["problems"]]
