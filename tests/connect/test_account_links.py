"""Links to the onboarding: each is shown once, does not wait for Stripe, and is written nowhere in plain text."""

import json
from threading import Event, Thread

import pytest
from sqlalchemy import text

from app import db
from tests.api.conftest import Caller
from tests.emulator.emulator import Emulator
from tests.waiting import eventually, join

from .conftest import LINK, Work
from .onboarding import MAKE_LINK, linked, opened, request_link


def test_a_link_is_handed_out_once_and_opens_the_onboarding(ada: Caller, shop: Emulator, work: Work) -> None:
    account = opened(ada, work)
    url = linked(ada, work)
    assert shop.world.links[url].account == account
    with db.transaction() as session:
        row = session.execute(text("SELECT link_encrypted, link_requested_at FROM connected_accounts")).one()
    assert tuple(row) == (None, None)
    assert linked(ada, work) != url
    assert shop.open_link(url).endswith("/")


def test_a_link_is_sealed_in_the_database(ada: Caller, shop: Emulator, work: Work) -> None:
    opened(ada, work)
    request_link(ada)
    work()
    with db.transaction() as session:
        stored = session.scalar(text("SELECT link_encrypted FROM connected_accounts"))
    assert shop.world.links.keys().isdisjoint({stored})
    assert "https://" not in str(stored)


def test_an_expired_link_is_not_handed_out(ada: Caller, shop: Emulator, work: Work) -> None:
    opened(ada, work)
    request_link(ada)
    work()
    with db.transaction() as session:
        session.execute(text("UPDATE connected_accounts SET link_expires_at = now() + interval '10 s'"))
    request_link(ada)
    work()
    assert shop.calls()[MAKE_LINK] == 2
    assert ada.post(LINK, {}).json["url"] == list(shop.world.links)[-1]


def test_a_request_for_a_link_waits_for_the_process_that_asks_stripe(ada: Caller, shop: Emulator, work: Work) -> None:
    is_over = Event()

    def ask_stripe() -> None:
        while not is_over.wait(0.02):
            work()

    process = Thread(target=ask_stripe)
    process.start()
    try:
        answer = ada.post(LINK, {"return_url": "https://shop.example/back", "refresh_url": "https://shop.example/new"})
    finally:
        is_over.set()
        join(process)
    assert answer.status_code == 201
    link = shop.world.links[answer.json["url"]]
    assert (link.return_url, link.refresh_url) == ("https://shop.example/back", "https://shop.example/new")
    assert answer.json["expires_at"].endswith("Z")


def test_a_request_for_a_link_is_answered_although_stripe_hangs(
    ada: Caller, shop: Emulator, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.payouts.connect.links.WAIT_SECONDS", 0.3)
    shop.faults.hang(route=MAKE_LINK)
    opened(ada, work)
    process = Thread(target=work)
    answer = ada.post(LINK, {})
    process.start()
    eventually(lambda: shop.calls()[MAKE_LINK] == 1)
    answer = ada.post(LINK, {})
    shop.faults.clear()
    join(process)
    assert (answer.status_code, answer.json["url"]) == (201, None)
    assert "in a few seconds" in answer.json["sentence"]


@pytest.mark.parametrize("url", ["shop.example", "javascript:alert(1)", "https://a b"])
def test_return_addresses_are_web_addresses(ada: Caller, url: str) -> None:
    refused = ada.post(LINK, {"return_url": url})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "return_url")


def test_the_audit_trail_has_the_requests_without_the_link(
    ada: Caller, owner: Caller, shop: Emulator, work: Work
) -> None:
    opened(ada, work)
    url = linked(ada, work)
    entries = owner.get("/api/v1/audit").json["data"]
    actions = [entry["action"] for entry in entries]
    assert actions[:2] == ["partner.payout_link_given", "partner.payout_account_requested"]
    assert url not in json.dumps(entries)
