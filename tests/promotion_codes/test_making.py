"""Promotion codes are requested, made in Stripe once, listed, used and credited."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.attribution.promotions import requested
from app.commissions.by_hand import promotion_credit
from app.organizations.models import AuditEntry
from tests.api.conftest import Caller, MakeCaller
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Drain, Ledger
from tests.connect.conftest import Affiliate
from tests.connect.transfers import Killed
from tests.emulator.emulator import Emulator
from tests.stripe_stories.promotions import Coupon, PromotionCode
from worker.stripe_sync import client, promotion_codes

from .conftest import CREATE, MINE, Connect, Path, Work, make_due


def made(shop: Emulator) -> list[Any]:
    """Every promotion code there is at Stripe."""
    return shop.client().v1.promotion_codes.list({"limit": 100}).data


def request(owner: Caller, path: str, **body: Any) -> dict[str, Any]:
    answer = owner.post(path, body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json)


def state(owner: Caller, path: str) -> list[dict[str, Any]]:
    return list(owner.get(path.replace("promotion-codes", "promotion-code-requests")).json["data"])


def test_a_code_is_made_from_a_coupon_and_belongs_to_the_partner(
    owner: Caller, path: Path, coupon: str, shop: Emulator, work: Work
) -> None:
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    first = request(owner, path("ada"), coupon=coupon, code="ADA20", max_redemptions=5, expires_at=ends_at.isoformat())
    assert (first["status"], first["code"], first["promotion_code"], first["reason"]) == (
        "pending",
        "ADA20",
        None,
        None,
    )
    assert owner.get(path("ada")).json["data"] == []
    assert work() == 1
    [code] = made(shop)
    assert (code.code, code.promotion.coupon, code.max_redemptions) == ("ADA20", coupon, 5)
    assert code.expires_at == int(ends_at.timestamp())
    assert list(code.metadata.to_dict()) == [promotion_codes.METADATA], "it names our request and no partner"
    assert state(owner, path("ada")) == [{**first, "status": "created", "promotion_code": code.id}]
    [given] = owner.get(path("ada")).json["data"]
    assert given["promotion_code"] == code.id
    assert work() == 0
    with db.transaction() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["promotion_code.requested", "promotion.given"]


def test_without_a_spelling_and_a_coupon_stripe_chooses_and_the_program_has_the_coupon(
    owner: Caller, path: Path, program_coupon: str, shop: Emulator, work: Work
) -> None:
    assert request(owner, path("ada"))["coupon"] == program_coupon
    work()
    [shown] = state(owner, path("ada"))
    assert (shown["status"], shown["code"]) == ("created", made(shop)[0].code)


def test_a_made_code_is_used_and_credited_with_its_renewals(
    owner: Caller,
    path: Path,
    coupon: str,
    shop: Emulator,
    work: Work,
    connect: Connect,
    drain: Drain,
    ledger: Ledger,
) -> None:
    connect()
    request(owner, path("ada"), coupon=coupon, code="ADA20")
    work()
    [code] = made(shop)
    cleo = shop.customer()
    subscription = shop.subscribe(cleo)
    shop.apply(subscription, PromotionCode(code.id, code.code, Coupon(coupon, shop.now), shop.now))
    shop.renew(subscription)
    shop.deliver()
    drain()
    assert ledger().balances == owed(ada=1960)


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "coupon"),
        ({"code": "ADA20"}, 400, "coupon"),
        ({"coupon": "SPRING", "code": "ADA 20"}, 400, "code"),
        ({"coupon": "SPRING", "code": "ADÄ"}, 400, "code"),
        ({"coupon": "SPRING", "max_redemptions": 0}, 400, "max_redemptions"),
        ({"coupon": "SPRING", "expires_at": "2026-01-01T00:00:00Z"}, 400, "expires_at"),
        ({"promotion_code": "promo_1", "expires_at": "2036-01-01T00:00:00Z"}, 400, "promotion_code"),
        ({"existing": True, "coupon": "SPRING", "code": "ADA20"}, 400, "promotion_code"),
        ({"existing": True}, 400, "promotion_code"),
    ],
)
def test_a_wrong_request_is_refused(
    owner: Caller, path: Path, coupon: str, work: Work, body: dict[str, Any], status: int, param: str
) -> None:
    answer = owner.post(path("ada"), body)
    assert (answer.status_code, answer.json["error"]["param"]) == (status, param)


def test_without_an_api_key_of_stripe_there_is_no_code(owner: Caller, path: Path) -> None:
    answer = owner.post(path("ada"), {"coupon": "SPRING"})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "no_stripe_key")


def test_what_stripe_refuses_has_failed_with_a_reason_and_can_be_requested_again(
    owner: Caller, path: Path, coupon: str, shop: Emulator, work: Work
) -> None:
    shop.promotion_code("ADA20")
    request(owner, path("ada"), coupon=coupon, code="ada20")
    request(owner, path("ben"), coupon="NOSUCH")
    assert work() == 2
    for partner in ("ada", "ben"):
        [shown] = state(owner, path(partner))
        assert (shown["status"], shown["promotion_code"]) == ("failed", None)
        assert shown["reason"]
    make_due()
    assert work() == 0
    request(owner, path("ada"), coupon=coupon, code="ADA21")
    work()
    assert [one["status"] for one in state(owner, path("ada"))] == ["created", "failed"]


def test_a_key_without_the_permission_is_tried_again_until_it_has_it(
    owner: Caller, path: Path, coupon: str, shop: Emulator, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = shop.faults.fail(403, route=CREATE)
    request(owner, path("ada"), coupon=coupon)
    work()
    [shown] = state(owner, path("ada"))
    assert (shown["status"], bool(shown["reason"]), fault.struck) == ("pending", True, 1)
    shop.faults.clear()
    make_due()
    work()
    assert state(owner, path("ada"))[0]["status"] == "created"


def _die(*_: object, **__: object) -> None:
    raise Killed


def _dying_after(function: Callable[..., Any]) -> Callable[..., Any]:
    def acting(*arguments: Any, **named: Any) -> None:
        function(*arguments, **named)
        raise Killed

    return acting


KILLS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "after the claim": lambda patch: patch.setattr(promotion_codes, "_client", _die),
    "before the call": lambda patch: patch.setattr(client, "post", _die),
    "after the call": lambda patch: patch.setattr(client, "post", _dying_after(client.post)),
    "before it is given": lambda patch: patch.setattr(promotion_credit, "give", _die),
    "after it is given": lambda patch: patch.setattr(promotion_credit, "give", _dying_after(promotion_credit.give)),
    "before the commit": lambda patch: patch.setattr(requested, "store_made", _dying_after(requested.store_made)),
}


AGAIN = ("before the commit", "after it is given", "before it is given", "after the claim")
"""Places that a process meets although the code is made already."""


@pytest.mark.parametrize("spelled", [{"code": "ADA20"}, {}], ids=["spelled", "chosen by Stripe"])
@pytest.mark.parametrize("later", [60, 2 * 86_400], ids=["at once", "when Stripe has forgotten the idempotency key"])
def test_processes_killed_anywhere_make_one_code(
    owner: Caller, path: Path, coupon: str, shop: Emulator, work: Work, spelled: dict[str, str], later: int
) -> None:
    request(owner, path("ada"), coupon=coupon, **spelled)
    killed: list[str] = []
    for place in [*KILLS, *AGAIN]:
        with pytest.MonkeyPatch.context() as patch:
            KILLS[place](patch)
            make_due()
            try:
                work()
            except Killed:
                killed.append(place)
            else:
                break
        assert work() == 0, "until its claim ends"
        assert owner.get(path("ada")).json["data"] == []
        shop.world.now += later
    make_due()
    work()
    assert killed == [*KILLS, *AGAIN]
    assert shop.calls()[CREATE] == 1
    [code] = made(shop)
    assert [one["promotion_code"] for one in owner.get(path("ada")).json["data"]] == [code.id]
    assert state(owner, path("ada"))[0]["status"] == "created"


def test_an_answer_that_is_lost_leaves_one_code(
    owner: Caller, path: Path, coupon: str, shop: Emulator, work: Work
) -> None:
    shop.faults.drop(times=1, route=CREATE, after_effect=True)
    request(owner, path("ada"), coupon=coupon, code="ADA20")
    work()
    assert state(owner, path("ada"))[0]["status"] == "pending"
    make_due()
    work()
    assert (len(made(shop)), state(owner, path("ada"))[0]["status"]) == (1, "created")


def test_a_partner_chooses_its_spelling_once(
    owner: Caller, path: Path, program_coupon: str, ada: Caller, affiliate: Affiliate, shop: Emulator, work: Work
) -> None:
    chosen = ada.post(MINE, {"code": "ADA-ROCKS"})
    assert (chosen.status_code, chosen.json["status"], chosen.json["coupon"]) == (202, "pending", program_coupon)
    again = ada.post(MINE, {"code": "ADA-2"})
    assert (again.status_code, again.json["error"]["code"]) == (409, "code_chosen")
    work()
    [shown] = ada.get(MINE).json["data"]
    assert (shown["code"], shown["status"]) == ("ADA-ROCKS", "created")
    assert state(owner, path("ada")) == [shown]
    assert owner.get(path("ada")).json["data"][0]["promotion_code"] == made(shop)[0].id
    assert affiliate("ben").get(MINE).json["data"] == []
    assert affiliate("ada", livemode=True).get(MINE).json["data"] == []
    assert ada.post(MINE, {"code": "A B"}).status_code == 400


def test_a_refused_spelling_may_be_chosen_again(program_coupon: str, ada: Caller, shop: Emulator, work: Work) -> None:
    shop.promotion_code("TAKEN")
    ada.post(MINE, {"code": "TAKEN"})
    work()
    assert ada.get(MINE).json["data"][0]["status"] == "failed"
    assert ada.post(MINE, {"code": "FREE"}).status_code == 202


def test_a_program_without_a_coupon_offers_no_choice(ada: Caller) -> None:
    refused = ada.post(MINE, {"code": "ADA20"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "no_promotion_coupon")


def test_neither_another_shop_nor_the_other_mode_sees_a_request(
    merchant: Merchant, owner: Caller, path: Path, coupon: str, work: Work, caller_of: MakeCaller
) -> None:
    request(owner, path("ada"), coupon=coupon)
    assert state(caller_of(merchant, livemode=True), path("ada")) == []
