"""Programs: made, listed, changed; what may not be said is refused by name."""

from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.organizations.hierarchy import create_organization
from tests.cast import Merchant

from .conftest import Answer, Caller

PROGRAMS = "/v1/admin/affiliate/programs"
FRIENDS: dict[str, Any] = {"name": "Friends of friends", "commission": {"type": "percentage", "bps": 1500}}


def create(owner: Caller, **more: Any) -> dict[str, Any]:
    answer = owner.post(PROGRAMS, {**FRIENDS, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def change(owner: Caller, program: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = owner.patch(f"{PROGRAMS}/{program['id']}", changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def refusal(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json["error"]
    return answer.status_code, error["code"], error["param"]


def test_a_new_program_shows_every_field_with_its_default(owner: Caller, merchant: Merchant) -> None:
    made = create(owner)
    assert made.pop("id").startswith("prog_")
    assert made.pop("created_at").endswith("Z")
    assert made == {
        "owner_organization_id": ids.encode("org", merchant.organization_id),
        "name": "Friends of friends",
        "status": "draft",
        "currency": "usd",
        "landing_url": None,
        "landing_hosts": [],
        "commission": {"type": "percentage", "bps": 1500},
        "multi_level_enabled": False,
        "multi_level": [],
        "holdback_days": None,
        "commission_base": "net",
        "platform_fee_bps": 0,
        "minimum_payout_cents": 0,
        "minimum_payouts": {},
        "auto_approve": False,
        "open_signup": False,
        "conversion_kind": "payment",
        "conversion_event_name": None,
        "conversion_entitlement_id": None,
        "attribution_model": "last_touch",
        "attribution_window_days": 30,
        "coupon_precedence": "link",
        "promotion_coupon": None,
        "allow_self_referral": False,
        "include_out_of_band": False,
        "time_zone": "UTC",
        "link_cookie": "on",
        "user_id_field": "user_id",
        "live_cutoff_at": None,
        "test_cutoff_at": None,
        "is_default": False,
        "terms_version": 1,
    }


def test_stored_fields_are_returned_as_sent(owner: Caller) -> None:
    sent = {
        "status": "active",
        "currency": "EUR",
        "landing_url": "https://shop.example.com/welcome?from=friends",
        "landing_hosts": ["www.shop.example.com", "Shop.example.com:8443"],
        "multi_level_enabled": True,
        "multi_level": [{"level": 2, "bps": 200}, {"level": 1, "bps": 500}],
        "holdback_days": 14,
        "commission_base": "gross",
        "platform_fee_bps": 500,
        "minimum_payout_cents": 5000,
        "auto_approve": True,
        "open_signup": True,
        "conversion_kind": "event",
        "conversion_event_name": "trial_started",
        "attribution_model": "first_touch",
        "attribution_window_days": 60,
        "coupon_precedence": "coupon",
        "promotion_coupon": "SPRING",
        "allow_self_referral": True,
        "include_out_of_band": True,
        "time_zone": "Europe/Berlin",
    }
    made = create(owner, **sent)
    shown = owner.get(f"{PROGRAMS}/{made['id']}").json
    assert shown == made
    normal = {
        "currency": "eur",
        "landing_hosts": ["shop.example.com:8443", "www.shop.example.com"],
        "multi_level": [{"level": 1, "bps": 500}, {"level": 2, "bps": 200}],
    }
    assert {name: made[name] for name in sent} == {**sent, **normal}
    assert made["minimum_payouts"] == {"eur": 5000}


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"currency": "dollars"}, "currency"),
    ({"currency": "us1"}, "currency"),
    ({"currency": "zzz"}, "currency"),
    ({"currency": "xxx"}, "currency"),
    ({"currency": "dem"}, "currency"),
    ({"minimum_payouts": {"usd": 5000, "zzz": 5000}}, "minimum_payouts"),
    ({"status": "archived"}, "status"),
    ({"landing_url": "javascript:alert(1)"}, "landing_url"),
    ({"landing_url": "ftp://shop.example.com/"}, "landing_url"),
    ({"landing_url": "//shop.example.com/"}, "landing_url"),
    ({"landing_url": "https://"}, "landing_url"),
    ({"landing_url": "https://user:secret@shop.example.com/"}, "landing_url"),
    ({"landing_url": "https://shop.example.com/a b"}, "landing_url"),
    ({"landing_url": "https://[::1"}, "landing_url"),
    ({"landing_hosts": ["shop.example.com", "https://shop.example.com"]}, "landing_hosts.1"),
    ({"commission": {"type": "percentage", "bps": 10_001}}, "commission.bps"),
    ({"commission": {"type": "percentage", "bps": "2000"}}, "commission.bps"),
    ({"commission": {"type": "gift"}}, "commission.type"),
    ({"platform_fee_bps": 10_001}, "platform_fee_bps"),
    ({"platform_fee_bps": -1}, "platform_fee_bps"),
    ({"attribution_window_days": 0}, "attribution_window_days"),
    ({"attribution_model": "every_touch"}, "attribution_model"),
    ({"holdback_days": -1}, "holdback_days"),
    ({"commission_base": "profit"}, "commission_base"),
    ({"multi_level": [{"level": 2, "bps": 500}]}, "multi_level"),
    ({"multi_level": [{"level": 1, "bps": 500}, {"level": 1, "bps": 200}]}, "multi_level"),
    ({"multi_level": [{"level": 1, "bps": 500}, {"level": 3, "bps": 200}]}, "multi_level"),
    ({"multi_level": [{"level": 1, "bps": 20_000}]}, "multi_level.0.bps"),
    ({"multi_level_enabled": "yes"}, "multi_level_enabled"),
    ({"minimum_payout_cents": -1}, "minimum_payout_cents"),
    ({"minimum_payouts": {"dollar": 1}}, "minimum_payouts"),
    ({"minimum_payouts": {"usd": 1}, "minimum_payout_cents": 1}, "minimum_payouts"),
    ({"conversion_kind": "event"}, "conversion_event_name"),
    ({"conversion_kind": "event", "conversion_entitlement_id": "pro"}, "conversion_event_name"),
    ({"conversion_kind": "entitlement"}, "conversion_entitlement_id"),
    ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ({"time_zone": "UTC+5"}, "time_zone"),
    ({"colour": "red"}, "colour"),
]


def test_invalid_program_fields_are_refused_by_name(owner: Caller) -> None:
    for given, param in IMPOSSIBLE:
        assert refusal(owner.post(PROGRAMS, {**FRIENDS, **given})) == (400, "invalid_request", param), given
    assert len(owner.get(PROGRAMS).json["data"]) == 1


def test_invalid_program_changes_are_refused_by_name(owner: Caller) -> None:
    made = create(owner)
    for given, param in IMPOSSIBLE:
        if given.keys() & {"status"}:
            continue
        assert refusal(owner.patch(f"{PROGRAMS}/{made['id']}", given)) == (400, "invalid_request", param), given
    assert owner.get(f"{PROGRAMS}/{made['id']}").json == made


def test_a_program_without_a_name_or_commission_is_refused(owner: Caller) -> None:
    assert refusal(owner.post(PROGRAMS, {"name": "x"}))[2] == "commission"
    assert refusal(owner.post(PROGRAMS, {"commission": FRIENDS["commission"]}))[2] == "name"


@pytest.mark.parametrize(
    ("way", "refused"),
    [
        ([], "paused"),
        (["active"], "draft"),
        (["active", "paused"], "draft"),
        (["archived"], "active"),
        (["archived"], "draft"),
    ],
)
def test_statuses_that_do_not_follow_one_another_are_409(owner: Caller, way: list[str], refused: str) -> None:
    made = create(owner)
    for status in way:
        assert change(owner, made, status=status)["status"] == status
    assert refusal(owner.patch(f"{PROGRAMS}/{made['id']}", {"status": refused})) == (409, "status_refused", "status")


def test_program_changes_status_from_draft_to_archived(owner: Caller) -> None:
    made = create(owner)
    for status in ("active", "active", "paused", "active", "archived", "paused", "active"):
        assert change(owner, made, status=status)["status"] == status


def test_the_first_program_is_the_default_and_another_can_take_its_place(stranger: Caller, owner: Caller) -> None:
    [first] = owner.get(PROGRAMS).json["data"]
    assert first["is_default"]
    second = create(owner, is_default=True)
    assert second["is_default"]
    assert not owner.get(f"{PROGRAMS}/{first['id']}").json["is_default"]
    change(owner, first, is_default=True)
    assert not owner.get(f"{PROGRAMS}/{second['id']}").json["is_default"]
    assert [row["is_default"] for row in stranger.get(PROGRAMS).json["data"]] == [True]


def test_default_program_is_archived_only_with_is_default_false(owner: Caller) -> None:
    [default] = owner.get(PROGRAMS).json["data"]
    archive = {"status": "archived"}
    assert refusal(owner.patch(f"{PROGRAMS}/{default['id']}", archive)) == (409, "default_program", "status")
    assert change(owner, default, status="archived", is_default=False)["status"] == "archived"
    assert refusal(owner.post("/api/v1/partners", {"email": "z@example.com", "slug": "z"}))[0] == 404
    assert create(owner)["is_default"]


def test_the_currency_is_fixed_once_the_program_was_active(owner: Caller) -> None:
    made = create(owner)
    assert change(owner, made, currency="EUR")["currency"] == "eur"
    change(owner, made, status="active")
    assert change(owner, made, currency="eur")["currency"] == "eur"
    answer = owner.patch(f"{PROGRAMS}/{made['id']}", {"currency": "usd"})
    assert refusal(answer) == (409, "currency_fixed", "currency")


def test_minimum_payouts_are_kept_by_currency(owner: Caller) -> None:
    made = create(owner, minimum_payouts={"EUR": 4000, "usd": 5000})
    assert (made["minimum_payout_cents"], made["minimum_payouts"]) == (5000, {"eur": 4000, "usd": 5000})
    changed = change(owner, made, minimum_payout_cents=6000)
    assert changed["minimum_payouts"] == {"eur": 4000, "usd": 6000}
    assert change(owner, made, minimum_payouts={})["minimum_payout_cents"] == 0


def test_changed_terms_append_a_version_and_nothing_else_does(owner: Caller) -> None:
    made = create(owner, holdback_days=30)
    same = {"commission": made["commission"], "holdback_days": 30, "commission_base": "net", "multi_level": []}
    for changes in (same, {"name": "Others"}, {"status": "active", "attribution_window_days": 90}, {}):
        assert change(owner, made, **changes)["terms_version"] == 1, changes
    for version, changes in enumerate(
        (
            {"commission": {"type": "percentage", "bps": 2500}},
            {"multi_level": [{"level": 1, "bps": 500}]},
            {"commission_base": "gross"},
            {"holdback_days": None},
            {"commission": {"type": "recurring", "bps": 2500, "max_cycles": 12}, "holdback_days": 7},
        ),
        start=2,
    ):
        shown = change(owner, made, **changes)
        assert shown["terms_version"] == version
        assert {name: shown[name] for name in changes} == changes
    rows = text("SELECT version, commission ->> 'bps' FROM terms WHERE program_id = :id ORDER BY version")
    with db.transaction() as session:
        kept = session.execute(rows, {"id": ids.decode(made["id"], "prog")}).all()
    assert [tuple(row) for row in kept] == [(1, "1500"), *((version, "2500") for version in range(2, 7))]


def test_a_refused_change_changes_nothing_at_all(owner: Caller) -> None:
    made = create(owner)
    changes = {"name": "Others", "commission": {"type": "percentage", "bps": 100}, "status": "paused"}
    assert owner.patch(f"{PROGRAMS}/{made['id']}", changes).status_code == 409
    assert owner.get(f"{PROGRAMS}/{made['id']}").json == made


def test_a_parent_sees_and_makes_programs_of_its_descendants(owner: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        child = create_organization(session, kind="merchant", name="Daughter", parent_id=merchant.organization_id)
    child_id = ids.encode("org", child.id)
    made = create(owner, owner_organization_id=child_id)
    assert (made["owner_organization_id"], made["is_default"]) == (child_id, True)
    listed = owner.get(PROGRAMS).json["data"]
    assert [one["name"] for one in listed] == ["Friends of friends", "Friends"]


def test_programs_of_other_organizations_are_not_found(owner: Caller, stranger: Caller, merchant: Merchant) -> None:
    made = create(owner)
    path = f"{PROGRAMS}/{made['id']}"
    assert refusal(stranger.get(path)) == (404, "program_not_found", "program_id")
    assert refusal(stranger.patch(path, {"name": "Mine"}))[:2] == (404, "program_not_found")
    theirs = {**FRIENDS, "owner_organization_id": ids.encode("org", merchant.organization_id)}
    assert refusal(stranger.post(PROGRAMS, theirs))[:2] == (404, "organization_not_found")
    assert made["id"] not in [row["id"] for row in stranger.get(PROGRAMS).json["data"]]


def test_programs_are_listed_newest_first_and_continue_after_an_id(owner: Caller) -> None:
    made = [create(owner, name=f"Program {number}")["id"] for number in range(3)]
    first = owner.get(PROGRAMS, limit=2).json["data"]
    assert [one["id"] for one in first] == made[:0:-1]
    rest = owner.get(PROGRAMS, starting_after=made[1]).json["data"]
    assert [one["name"] for one in rest] == ["Program 0", "Friends"]


def test_a_read_key_reads_programs_and_changes_none(owner: Caller, reader: Caller) -> None:
    made = create(owner)
    assert reader.get(f"{PROGRAMS}/{made['id']}").status_code == 200
    assert reader.post(PROGRAMS, FRIENDS).status_code == 403
    assert reader.patch(f"{PROGRAMS}/{made['id']}", {"name": "x"}).status_code == 403
