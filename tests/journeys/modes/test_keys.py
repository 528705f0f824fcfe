"""An API key sees, lists, replays and makes only what is of its own mode."""

import pytest
from flask import Flask

from app import db, ids
from app.config import Settings
from app.partners.figures import owed
from app.programs.models import Program
from tests.cast import Merchant, open_endpoint
from tests.stripe_stories.facts import Purchase
from worker.schedule import advance_sums

from .conftest import MODES, KeyOf


def owed_to_ada(merchant: Merchant, livemode: bool) -> list[tuple[str, int]]:
    with db.transaction() as session:
        found = owed.balances(session, [merchant.organization_id], livemode=livemode)
        return [(one.code, one.owed_minor) for one in found]


@MODES
@pytest.mark.usefixtures("sold")
def test_a_key_sees_the_figures_of_its_own_mode(merchant: Merchant, key_of: KeyOf, livemode: bool) -> None:
    """Before and after the clock has summed up: 9.80 of one sale in test mode, 8.00 of two in live mode."""
    caller = key_of(livemode)
    partner, program = ids.encode("par", merchant.partners["ada"]), ids.encode("prog", merchant.program_id)
    earned, sales = (800, 2) if livemode else (980, 1)
    for _ in range(2):
        stats = caller.get(f"/api/v1/partners/{partner}").json["stats"]
        assert (stats["total_earned_cents"], stats["total_commissions"]) == (earned, sales)
        path = f"/v1/admin/affiliate/programs/{program}"
        [totals] = caller.get(f"{path}/analytics", **{"from": "2026-02-01", "to": "2026-06-01"}).json["totals"]
        assert (totals["total_earned_cents"], totals["total_conversions"]) == (earned, sales)
        ada = next(row for row in caller.get(f"{path}/affiliates").json["data"] if row["slug"] == "ada")
        assert ada["totals"]["total_earned_cents"] == earned
        assert owed_to_ada(merchant, livemode) == [("ada", earned)]
        advance_sums()


@MODES
def test_a_key_lists_what_is_of_its_own_mode(sold: dict[bool, list[Purchase]], key_of: KeyOf, livemode: bool) -> None:
    caller = key_of(livemode)
    sales = len(sold[livemode])
    assert len(caller.get("/api/v1/commissions").json["commissions"]) == sales
    assert len(caller.get("/api/v1/conversions").json["data"]) == sales
    assert len(caller.get("/api/v1/payments").json["data"]) == sales
    assert {row["livemode"] for row in caller.get("/api/v1/events", limit=100).json["data"]} == {livemode}
    [story] = caller.get("/api/v1/explanations", id=sold[False][0].invoice).json["objects"]
    assert story["livemode"] is livemode


def test_one_idempotency_key_is_two_with_two_keys_of_different_modes(merchant: Merchant, key_of: KeyOf) -> None:
    report = {"affiliate_id": ids.encode("aff", merchant.partners["ada"]), "amount_cents": 5000}
    made = set()
    for caller in (key_of(False), key_of(True)):
        for _ in range(2):
            answer = caller.call("POST", "/api/v1/conversions", {"Idempotency-Key": "once"}, json=report)
            made.add(answer.json["id"])
    assert len(made) == 2


def test_events_of_the_keys_mode_only_are_replayed(sold: dict[bool, list[Purchase]], key_of: KeyOf) -> None:
    asked = key_of(True).post("/api/v1/events/replay", {"type": "invoice.paid"}).json
    assert asked["livemode"] is True
    assert key_of(False).get(f"/api/v1/replays/{asked['id']}").status_code == 404
    assert sold


def test_a_live_key_makes_keys_of_both_modes_and_a_test_key_test_keys_only(key_of: KeyOf) -> None:
    live, test = key_of(True), key_of(False)
    made = [
        live.post("/api/v1/api-keys", {"name": "one", "level": "read"}),
        live.post("/api/v1/api-keys", {"name": "two", "level": "read", "livemode": False}),
        test.post("/api/v1/api-keys", {"name": "three", "level": "read"}),
    ]
    assert [answer.json["api_key"][:9] for answer in made] == ["aff_live_", "aff_test_", "aff_test_"]
    assert [answer.json["livemode"] for answer in made] == [True, False, False]
    refused = test.post("/api/v1/api-keys", {"name": "four", "level": "read", "livemode": True})
    assert (refused.status_code, refused.json["error"]["param"]) == (403, "livemode")


@MODES
def test_an_endpoint_is_of_the_keys_mode(key_of: KeyOf, livemode: bool) -> None:
    caller = key_of(livemode)
    assert caller.post("/api/v1/stripe-endpoints", {}).json["livemode"] is livemode
    refused = caller.post("/api/v1/stripe-endpoints", {"livemode": not livemode})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "livemode")
    assert {row["livemode"] for row in caller.get("/api/v1/stripe-endpoints").json["data"]} == {livemode}


def test_a_partners_first_key_is_live_once_the_owner_has_a_live_endpoint(
    application: Flask, merchant: Merchant, settings: Settings
) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).open_signup = True
    prefixes = []
    for name in ("zoe", "yan"):
        body = {"program_id": ids.encode("prog", merchant.program_id), "name": name, "email": f"{name}@example.com"}
        answer = application.test_client().post("/v1/public/affiliate/signup", json=body)
        prefixes.append(answer.get_json()["api_key"][:9])
        open_endpoint(merchant.organization_id, settings, "whsec_live", livemode=True)
    assert prefixes == ["aff_test_", "aff_live_"]
