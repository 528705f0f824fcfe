"""What a partner sees of its payouts, and that a destination is fixed when a payout is reserved."""

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select, text

from app import db, ids, sealing
from app.config import Settings
from app.organizations import hierarchy, keys
from app.partners.models import Partner
from app.partners.payout_methods import stored
from app.payouts.files.models import PayoutFile
from app.payouts.partner_methods import resealing
from tests.api.conftest import Caller
from tests.cast import Merchant

from .till import Till

ME = "/v1/admin/affiliate-me"
OTHER = {"method": "paypal", "email": "thief@wallet.example"}


def key_of(application: Flask, merchant: Merchant, code: str, *, livemode: bool = False) -> Caller:
    with db.transaction() as session:
        partner = session.get_one(Partner, merchant.partners[code])
        if partner.partner_organization_id is None:
            partner.partner_organization_id = hierarchy.create_organization(session, kind="affiliate", name=code).id
        holder = partner.partner_organization_id
        _, plaintext = keys.create_key(session, holder, name="tests", level="manage", livemode=livemode)
    return Caller(application, plaintext)


@pytest.fixture
def ada(application: Flask, merchant: Merchant) -> Caller:
    return key_of(application, merchant, "ada")


def frozen(payout_id: str, settings: Settings) -> dict[str, str]:
    with db.transaction() as session:
        sealed = session.scalar(
            text("SELECT destination_encrypted FROM payouts WHERE id = :id"), {"id": ids.decode(payout_id, ids.PAYOUT)}
        )
        assert isinstance(sealed, str)
        return stored.unseal(sealed, settings)


def test_a_partner_sees_its_own_payouts_as_the_owner_does_and_no_others(
    till: Till, ada: Caller, application: Flask, merchant: Merchant
) -> None:
    till.owes("ada", 4900, 9900)
    till.owes("ben")
    run = till.runs()
    shown = ada.get(f"{ME}/payouts")
    assert shown.status_code == 200, shown.text
    [payout] = shown.json["data"]
    [expected] = [one for one in run["payouts"] if one["partner_id"] == till.partner("ada")]
    assert payout == expected
    assert ada.get(f"{ME}/payouts/{payout['id']}").json == till.sees(payout["id"])
    [bens] = [one["id"] for one in run["payouts"] if one["partner_id"] == till.partner("ben")]
    refused = ada.get(f"{ME}/payouts/{bens}")
    assert (refused.status_code, refused.json["error"]["code"]) == (404, "payout_not_found")
    live = key_of(application, merchant, "ada", livemode=True)
    assert live.get(f"{ME}/payouts").json["data"] == []
    assert live.get(f"{ME}/payouts/{payout['id']}").status_code == 404


def test_the_list_is_filtered_and_continues_after_a_payout_and_is_csv_too(till: Till, ada: Caller) -> None:
    till.owes("ada")
    [first] = till.runs()["payouts"]
    till.did(first["id"], "fail", reason="account closed")
    [second] = till.runs()["payouts"]
    newest = ada.get(f"{ME}/payouts", limit=1).json
    assert ([one["id"] for one in newest["data"]], newest["has_more"]) == ([second["id"]], True)
    rest = ada.get(f"{ME}/payouts", starting_after=second["id"]).json
    assert [(one["id"], one["failure_reason"]) for one in rest["data"]] == [(first["id"], "account closed")]
    assert [one["id"] for one in ada.get(f"{ME}/payouts", status="failed").json["data"]] == [first["id"]]
    program = till.program.rpartition("/")[2]
    assert len(ada.get(f"{ME}/payouts", program_id=program).json["data"]) == 2
    assert ada.get(f"{ME}/payouts", program_id="prog_x").status_code == 404
    csv = ada.call("GET", f"{ME}/payouts", extra={"Accept": "text/csv"})
    assert [line.partition(",")[0] for line in csv.text.splitlines()] == ["id", second["id"], first["id"]]


@pytest.mark.parametrize("who", ["owner", "partner"])
def test_a_destination_does_not_change_after_the_payout_was_reserved(
    till: Till, ada: Caller, settings: Settings, who: str
) -> None:
    till.owes("ada")
    [payout] = till.runs()["payouts"]
    assert payout["destination"] == {"email": "a…@wallet.example"}
    if who == "owner":
        changed = till.caller.call("PUT", f"/api/v1/partners/{till.partner('ada')}/payout-method", json=OTHER)
    else:
        changed = ada.call("PUT", f"{ME}/payout-method", json=OTHER)
    assert changed.status_code == 200, changed.text
    assert till.sees(payout["id"])["destination"] == {"email": "a…@wallet.example"}
    assert frozen(payout["id"], settings) == {"email": "ada@wallet.example"}
    paid = till.did(payout["id"], "confirm")
    assert paid["destination"] == {"email": "a…@wallet.example"}
    assert frozen(payout["id"], settings) == {"email": "ada@wallet.example"}


def test_the_next_payout_goes_to_the_new_destination(till: Till, ada: Caller, settings: Settings) -> None:
    till.owes("ada")
    [payout] = till.runs()["payouts"]
    ada.call("PUT", f"{ME}/payout-method", json=OTHER)
    till.did(payout["id"], "fail", reason="account closed")
    [again] = till.runs()["payouts"]
    assert frozen(again["id"], settings) == {"email": "thief@wallet.example"}
    assert again["destination"] == {"email": "t…@wallet.example"}


def test_a_destination_that_changed_after_the_preview_is_not_paid_by_it(till: Till, ada: Caller) -> None:
    till.owes("ada")
    token = till.previews()["preview_token"]
    ada.call("PUT", f"{ME}/payout-method", json=OTHER)
    refused = till.asks(preview_token=token)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "preview_stale")


def test_a_change_of_the_secret_key_keeps_the_destinations_of_payouts(till: Till, settings: Settings) -> None:
    till.owes("ada")
    till.owes("ben")
    payouts = till.runs()["payouts"]
    old, new = settings.secret_key.get_secret_value(), Fernet.generate_key().decode()
    both, only_new = (settings.model_copy(update={"secret_key": SecretStr(keys)}) for keys in (f"{new},{old}", new))
    with db.transaction() as session:
        assert resealing.reseal_payouts(session, "cli", both) == 2
        assert resealing.reseal_files(session, "cli", both) == 1
    assert {frozen(payout["id"], only_new)["email"] for payout in payouts} == {
        "ada@wallet.example",
        "ben@wallet.example",
    }
    with db.transaction() as session:
        entries = session.execute(
            text("SELECT action, details FROM audit_entries WHERE action LIKE 'payout%.resealed'")
        )
        assert dict(map(tuple, entries)) == {
            "payouts.resealed": {"count": 2},
            "payout_files.resealed": {"count": 1},
        }
        file = session.scalars(select(PayoutFile)).one()
        content = sealing.unseal(file.content_encrypted, only_new)
    assert "ben@wallet.example" in content


COVERED = {
    "stripe_endpoints.secrets_encrypted",
    "stripe_endpoints.api_key_encrypted",
    "outbound_endpoints.secret_encrypted",
    "outbound_endpoints.previous_secret_encrypted",
    "payout_methods.destination_encrypted",
    "payout_methods.email_encrypted",
    "payout_settings.debtor_encrypted",
    "payouts.destination_encrypted",
    "payout_files.content_encrypted",
    "client_keys.secret_encrypted",
}
"""What `accrual endpoints reseal` encrypts again."""
SHORT_LIVED = {
    "connected_accounts.link_encrypted",
    "customer_histories.email_encrypted",
    "import_files.content_encrypted",
    "exports.passphrase_encrypted",
    "export_parts.content_encrypted",
}
"""What ends by itself.

A link, an address when Stripe was asked for it, a file when it was imported, a passphrase when the archive was made,
and the archive after a week.
"""


def test_all_that_is_stored_encrypted_is_encrypted_again(settings: Settings) -> None:
    sealed = {
        f"{table.name}.{column.name}"
        for table in db.Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_encrypted")
    }
    assert sealed == COVERED | SHORT_LIVED
