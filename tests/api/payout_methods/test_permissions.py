"""Which partners and keys see and choose a method, and that no destination is written in plain text."""

import re

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.organizations import hierarchy, keys
from app.partners import enrollment
from app.partners.models import Partner
from tests.api.conftest import Caller
from tests.cast import Merchant, enroll, open_merchant

from .conftest import BANK, DEBTOR, IBAN, ME, PAYPAL, caller, put


def test_several_enrollments_need_the_program(application: Flask, merchant: Merchant, ada: Caller) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        twin = session.get_one(Partner, enroll(session, other, "ada"))
        twin.partner_organization_id = session.get_one(Partner, merchant.partners["ada"]).partner_organization_id
    for answer in (
        ada.get(f"{ME}/payout-method"),
        ada.get(f"{ME}/payout-methods"),
        put(ada, f"{ME}/payout-method", PAYPAL),
    ):
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "program_required")
        assert answer.json["error"]["param"] == "program_id"
    there = f"{ME}/payout-method?program_id={ids.encode('prog', other.program_id)}"
    assert put(ada, there, PAYPAL).json["program_id"] == ids.encode("prog", other.program_id)
    here = ada.get(f"{ME}/payout-method", program_id=ids.encode("prog", merchant.program_id)).json
    assert here["method"] is None
    unknown = ada.get(f"{ME}/payout-method", program_id="prog_x")
    assert (unknown.status_code, unknown.json["error"]["code"]) == (404, "program_not_found")


def test_a_partner_that_was_banned_sets_nothing(ada: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners["ada"]), "banned")
    refused = put(ada, f"{ME}/payout-method", PAYPAL)
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "enrollment_ended")


def test_an_organization_without_an_enrollment_has_no_method(application: Flask, merchant: Merchant) -> None:
    with db.transaction() as session:
        newcomer = hierarchy.create_organization(session, kind="affiliate", name="New").id
        _, plaintext = keys.create_key(session, newcomer, name="tests", level="manage")
    refused = Caller(application, plaintext).get(f"{ME}/payout-method")
    assert (refused.status_code, refused.json["error"]["code"]) == (404, "program_not_found")


def test_a_read_key_of_a_partner_sees_and_sets_no_method(application: Flask, merchant: Merchant) -> None:
    reader = caller(application, merchant, "ada", level="read")
    assert reader.get(f"{ME}/payout-method").status_code == 403
    assert put(reader, f"{ME}/payout-method", PAYPAL).status_code == 403


ADDRESS = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
SECRETS = (IBAN, "ada.pays@example.com", "DE89370400440532013000", ADDRESS, "4711-99")


def test_no_destination_reaches_a_log_or_the_audit_trail_or_a_table_in_plain(
    owner: Caller, ada: Caller, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of destinations that are stored, and of those that are refused."""
    crypto = {"method": "crypto", "network": "bitcoin", "address": ADDRESS}
    for body in (BANK, PAYPAL, crypto, {"method": "external", "reference": "supplier 4711-99"}):
        assert put(owner, path, body).status_code == 200
        assert put(ada, f"{ME}/payout-method", body).status_code == 200
        assert put(ada, f"{ME}/payout-method", {**body, "method": "stripe"}).status_code == 400
        assert put(ada, f"{ME}/payout-method", {**body, "town": "=x", "iban": f"{IBAN}0"}).status_code == 400
    assert put(owner, "/api/v1/payout-settings", {"debtor": DEBTOR}).status_code == 200
    assert put(owner, "/api/v1/payout-settings", {"debtor": {**DEBTOR, "bic": "x"}}).status_code == 400
    entries = owner.get("/api/v1/audit", limit=100)
    actions = [entry["action"] for entry in entries.json["data"]]
    assert actions.count("partner.payout_method_set") == 8
    assert actions.count("payout_settings.updated") == 1
    with db.transaction() as session:
        tables = session.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " AND has_table_privilege(oid, 'SELECT')"
            )
        ).all()
        rows = "".join(
            session.scalar(text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t")) or ""
            for table in tables
        )
    printed = capfd.readouterr()
    logged = printed.out + printed.err
    for secret in SECRETS:
        for where, words in (("audit", entries.text), ("tables", rows), ("log", logged)):
            assert secret not in words, where
    assert re.search("partner.payout_method_set", rows)
