"""A partner's terms: shown with their history, amended forward and never backward."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app import db, ids
from app.programs import terms
from app.programs.models import Program
from app.views import instant_text
from tests.cast import Merchant

from .conftest import Answer, Caller

QUARTER = {"type": "percentage", "bps": 2500}


@pytest.fixture
def path(merchant: Merchant) -> str:
    return f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/commission-snapshot"


def put(caller: Caller, path: str, **body: Any) -> Answer:
    return caller.call("PUT", path, json=body)


def change_program(merchant: Merchant, **changed: Any) -> None:
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        terms.add_terms(session, program, **{"commission": {"type": "percentage", "bps": 1000}, **changed})


def test_the_terms_stamped_at_approval_are_shown(reader: Caller, path: str) -> None:
    shown = reader.get(path).json
    history = shown.pop("history")
    assert history == [shown]
    assert shown.pop("id").startswith("snp_")
    assert shown.pop("effectiveFrom").endswith("Z")
    assert shown == {
        "commission": {"type": "percentage", "bps": 2000},
        "commissionValue": "20",
        "holdbackDays": 30,
        "source": "approval",
        "appliesTo": "all_customers",
        "isOverride": False,
        "termsVersion": 1,
    }


def test_partner_that_was_never_active_has_no_terms(owner: Caller) -> None:
    zoe = owner.post("/api/v1/partners", {"email": "zoe@example.com", "slug": "zoe"}).json
    refused = owner.get(f"/api/v1/partners/{zoe['id']}/commission-snapshot")
    assert (refused.status_code, refused.json["error"]["code"]) == (404, "snapshot_not_found")


def test_an_amendment_is_in_force_from_now_and_what_was_before_stays_in_the_history(owner: Caller, path: str) -> None:
    shown = put(owner, path, commission=QUARTER, holdbackDays=14, applyTo="new_customers").json
    assert (shown["commission"], shown["commissionValue"], shown["holdbackDays"]) == (QUARTER, "25", 14)
    assert (shown["source"], shown["appliesTo"], shown["isOverride"]) == ("amendment", "new_customers", True)
    assert [one["commissionValue"] for one in shown["history"]] == ["25", "20"]
    assert owner.get(path).json == shown


def test_an_amendment_to_come_is_listed_and_not_in_force(owner: Caller, path: str) -> None:
    in_a_week = instant_text(datetime.now(UTC) + timedelta(days=7))
    shown = put(owner, path, commission=QUARTER, effectiveFrom=in_a_week).json
    assert shown["commissionValue"] == "20"
    to_come, _ = shown["history"]
    assert (to_come["commissionValue"], to_come["effectiveFrom"]) == ("25", in_a_week)
    assert owner.get(path.removesuffix("/commission-snapshot")).json["commission_pct"] is None


def test_null_returns_to_the_programs_terms_of_today(owner: Caller, merchant: Merchant, path: str) -> None:
    put(owner, path, commission=QUARTER)
    change_program(merchant, holdback_days=7)
    shown = put(owner, path, commission=None).json
    assert (shown["commissionValue"], shown["holdbackDays"], shown["termsVersion"]) == ("10", 7, 2)
    assert not shown["isOverride"]


def test_an_amended_rate_keeps_the_base_and_holdback_the_partner_was_stamped_with(
    owner: Caller, merchant: Merchant, path: str
) -> None:
    change_program(merchant, holdback_days=7, commission_base="gross")
    assert put(owner, path, commission=QUARTER).json["termsVersion"] == 1
    owner.patch(path.removesuffix("/commission-snapshot"), {"commission_pct": 30})
    shown = owner.get(path).json
    assert (shown["commissionValue"], shown["holdbackDays"], shown["termsVersion"]) == ("30", 30, 1)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "commission"),
        ({"commission": {"type": "percentage", "bps": 10001}}, "commission.bps"),
        ({"commission": {"type": "percentage"}}, "commission.bps"),
        ({"commission": {"type": "gift"}}, "commission"),
        ({"commission": QUARTER, "holdbackDays": -1}, "holdbackDays"),
        ({"commission": QUARTER, "applyTo": "friends"}, "applyTo"),
        ({"commission": QUARTER, "effectiveFrom": "2020-01-01T00:00:00Z"}, "effectiveFrom"),
        ({"commission": QUARTER, "effectiveFrom": "2099-01-01T00:00:00"}, "effectiveFrom"),
        ({"commission": QUARTER, "effective_from": None}, "effective_from"),
    ],
)
def test_field_at_fault_is_named_and_nothing_changes(
    owner: Caller, path: str, body: dict[str, Any], param: str
) -> None:
    refused = put(owner, path, **body)
    assert refused.status_code == 400, refused.text
    assert refused.json["error"]["param"].startswith(param)
    assert len(owner.get(path).json["history"]) == 1


def test_a_read_key_reads_and_does_not_amend(reader: Caller, stranger: Caller, path: str) -> None:
    assert reader.get(path).status_code == 200
    assert put(reader, path, commission=QUARTER).status_code == 403
    assert stranger.get(path).status_code == 404
    assert put(stranger, path, commission=QUARTER).status_code == 404


def test_present_terms_are_given_to_partners_with_earlier_ones_after_a_dry_run(
    owner: Caller, reader: Caller, merchant: Merchant, path: str
) -> None:
    put(owner, path, commission=QUARTER)
    before = reader.get(path).json
    change_program(merchant)
    apply = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}/terms/apply"
    others = len(merchant.partners) - 1
    ben = f"/api/v1/partners/{ids.encode('par', merchant.partners['ben'])}/commission-snapshot"
    present = {"version": 2, "commission": {"type": "percentage", "bps": 1000}, "partners": others}
    counts = {"of_program": [present], "own": 1, "pending": 0}
    tried = owner.post(apply, {"apply_to": "new_customers", "dry_run": True})
    assert tried.json == {"dry_run": True, "partners": others, "has_more": False, "kept": counts}
    assert reader.get(ben).json["termsVersion"] == 1
    given = owner.post(apply, {"apply_to": "new_customers"})
    assert given.json == {"dry_run": False, "partners": others, "has_more": False, "kept": counts}
    shown = reader.get(ben).json
    assert (shown["termsVersion"], shown["appliesTo"], shown["isOverride"]) == (2, "new_customers", False)
    assert reader.get(path).json == before
    assert owner.post(apply, {}).json["partners"] == 0


def test_terms_are_previewed_on_an_example_payment_and_nothing_changes(
    owner: Caller, reader: Caller, merchant: Merchant, path: str
) -> None:
    program = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}"
    before = (
        reader.get(path).json,
        reader.get(program).json,
        len(reader.get("/v1/admin/affiliate/programs").json["data"]),
    )
    new = {"name": "Friends", "commission": QUARTER, "holdback_days": 14}
    for preview, body in (
        (f"{path}/preview", {"commission": QUARTER, "holdbackDays": 14}),
        (f"{program}/preview", {"commission": QUARTER, "holdback_days": 14}),
        ("/v1/admin/affiliate/programs/preview", new),
    ):
        shown = owner.post(preview, body).json
        assert (shown["commission"], shown["holdback_days"]) == (QUARTER, 14), preview
        assert "25.00 USD" in shown["sentences"][0], preview
        assert reader.post(preview, body).status_code == 403
    after = (
        reader.get(path).json,
        reader.get(program).json,
        len(reader.get("/v1/admin/affiliate/programs").json["data"]),
    )
    assert after == before
