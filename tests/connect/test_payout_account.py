"""A partner requests its account at Stripe, goes through the onboarding, and sees what Stripe requires."""

import json
from threading import Event, Thread
from uuid import uuid4

import pytest
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from tests.api.conftest import Caller, caller_of, owner
from tests.cast import Merchant, enroll, open_merchant, open_program
from tests.conftest import Drain
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.waiting import eventually, join
from worker.payouts import accounts

from .conftest import ACCOUNT, LINK, Affiliate, Work, make_accounts_due

__all__ = ["caller_of", "owner"]

CREATE = "POST /v1/accounts"
MAKE_LINK = "POST /v1/account_links"


def account_of(caller: Caller) -> dict[str, object]:
    return caller.get(ACCOUNT).json


def opened(caller: Caller, work: Work, **body: str) -> str:
    """The Stripe id of the account that the caller has requested."""
    assert caller.post(ACCOUNT, body).status_code == 201
    work()
    return str(account_of(caller)["stripe_account_id"])


def request_link(caller: Caller) -> None:
    """Request a link, and do not wait for it."""
    key = {"Idempotency-Key": uuid4().hex}
    assert caller.call("POST", LINK, key, json={}).status_code == 201


def linked(caller: Caller, work: Work) -> str:
    """The link that the caller gets once Stripe was asked."""
    request_link(caller)
    work()
    return str(caller.post(LINK, {}).json["url"])


def test_a_partner_without_an_account_is_told_so(ada: Caller) -> None:
    shown = account_of(ada)
    assert (shown["status"], shown["can_receive"], shown["requirements"]) == ("none", False, None)
    assert shown["sentence"] == "There is no Stripe account for payouts yet."


def test_an_account_is_created_once_by_the_process_that_asks_stripe(ada: Caller, shop: Emulator, work: Work) -> None:
    requested = ada.post(ACCOUNT, {})
    assert (requested.status_code, requested.json["status"]) == (201, "creating")
    assert shop.asked == []
    assert work() == 1
    assert ada.post(ACCOUNT, {}).json["stripe_account_id"] == account_of(ada)["stripe_account_id"]
    assert work() == 0
    assert shop.calls()[CREATE] == 1
    shown = account_of(ada)
    assert (shown["status"], shown["country"], shown["agreement"]) == ("onboarding", "US", "full")
    assert "individual.id_number" in shown["requirements"]["currently_due"]


@pytest.mark.parametrize(
    ("platform", "country", "agreement"),
    [("US", "US", "full"), ("US", "DE", "recipient"), ("DE", "FR", "full"), ("DE", "GB", "recipient")],
)
def test_the_agreement_is_full_in_the_platforms_region_only(
    ada: Caller, shop: Emulator, work: Work, platform: str, country: str, agreement: str
) -> None:
    shop.world.country = platform
    account = shop.recipient(opened(ada, work, country=country))
    assert (account.country, account.agreement, account.transfers) == (country, agreement, "inactive")
    assert account_of(ada)["agreement"] == agreement


def test_the_partners_api_names_the_account(ada: Caller, owner: Caller, merchant: Merchant, work: Work) -> None:
    account = opened(ada, work)
    partner = ids.encode(ids.PARTNER, merchant.partners["ada"])
    assert owner.get(f"/api/v1/partners/{partner}").json["stripe_account_id"] == account


def test_the_country_of_an_account_cannot_be_changed(ada: Caller, work: Work) -> None:
    opened(ada, work, country="DE")
    refused = ada.post(ACCOUNT, {"country": "FR"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "country_fixed")
    assert ada.post(ACCOUNT, {"country": "DE"}).status_code == 201


def test_a_refused_account_says_why_and_is_requested_again(ada: Caller, shop: Emulator, work: Work) -> None:
    shop.world.is_connect_approved = False
    ada.post(ACCOUNT, {"country": "DE"})
    work()
    shown = account_of(ada)
    assert (shown["status"], shown["stripe_account_id"]) == ("failed", None)
    assert "refused" in str(shown["sentence"])
    shop.world.is_connect_approved = True
    ada.post(ACCOUNT, {"country": "FR"})
    work()
    assert (account_of(ada)["status"], account_of(ada)["country"]) == ("onboarding", "FR")


def test_without_an_api_key_nothing_is_asked_and_the_account_says_so(
    affiliate: Affiliate, shop: Emulator, work: Work
) -> None:
    ada = affiliate("ada")
    ada.post(ACCOUNT, {})
    work()
    assert account_of(ada)["status"] == "failed"
    assert "API key" in str(account_of(ada)["sentence"])
    assert shop.asked == []


@pytest.mark.parametrize("fault", ["fail", "drop", "fail_after", "drop_after"])
def test_a_failure_while_creating_leaves_one_account(ada: Caller, shop: Emulator, work: Work, fault: str) -> None:
    strike = shop.faults.fail if fault.startswith("fail") else shop.faults.drop
    strike(times=1, route=CREATE, after_effect=fault.endswith("after"))
    ada.post(ACCOUNT, {})
    work()
    assert account_of(ada)["status"] == "failed"
    make_accounts_due()
    work()
    assert list(shop.world.recipients) == [account_of(ada)["stripe_account_id"]]


def test_a_crash_before_the_answer_is_stored_leaves_one_account(
    ada: Caller, shop: Emulator, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.post(ACCOUNT, {})
    with monkeypatch.context() as patch:
        patch.setattr("app.payouts.connect.accounts.store_created", _crash)
        with pytest.raises(KeyboardInterrupt):
            work()
    make_accounts_due()
    work()
    assert list(shop.world.recipients) == [account_of(ada)["stripe_account_id"]]


def test_a_process_that_lost_its_claim_stores_nothing(
    ada: Caller, shop: Emulator, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.post(ACCOUNT, {})
    fetch = accounts.client.get

    def while_another_takes_over(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(accounts.client, "get", fetch)
        make_accounts_due()
        work()
        return fetch(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(accounts.client, "get", while_another_takes_over)
    work()
    assert list(shop.world.recipients) == [account_of(ada)["stripe_account_id"]]


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
    monkeypatch.setattr("app.rest.partner_side.payout_accounts.WAIT_SECONDS", 0.3)
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


def test_the_return_from_the_onboarding_proves_nothing(
    ada: Caller, shop: Emulator, work: Work, listening: Endpoint, drain: Drain
) -> None:
    account = opened(ada, work)
    shop.leave_early(account, "individual.verification.document")
    assert account_of(ada)["status"] == "onboarding"
    shop.onboard(account)
    assert account_of(ada)["can_receive"] is False
    shop.deliver()
    drain()
    shown = account_of(ada)
    assert (shown["status"], shown["can_receive"], shown["transfers"]) == ("ready", True, "active")


def test_without_events_an_account_is_fetched_after_its_link(ada: Caller, shop: Emulator, work: Work) -> None:
    account = opened(ada, work)
    linked(ada, work)
    shop.onboard(account)
    make_accounts_due()
    work()
    assert account_of(ada)["status"] == "ready"
    assert work() == 0


def test_a_requirement_is_shown_to_both_sides(
    ada: Caller, owner: Caller, merchant: Merchant, shop: Emulator, work: Work, listening: Endpoint, drain: Drain
) -> None:
    account = opened(ada, work)
    shop.onboard(account)
    shop.restrict(account, "individual.id_number", individual__id_number="The number is invalid.")
    shop.deliver()
    drain()
    partner = ids.encode(ids.PARTNER, merchant.partners["ada"])
    for shown in (account_of(ada), owner.get(f"/api/v1/partners/{partner}/payout-account").json):
        assert (shown["status"], shown["can_receive"]) == ("restricted", False)
        assert shown["requirements"]["past_due"] == ["individual.id_number"]
        assert shown["requirements"]["errors"] == [
            {"requirement": "individual.id_number", "code": "invalid_value_other"}
        ]
        assert "Stripe requires individual.id_number" in shown["sentence"]


def test_an_account_is_of_one_mode(ada: Caller, affiliate: Affiliate, shop: Emulator, work: Work) -> None:
    opened(ada, work)
    live = affiliate("ada", livemode=True)
    assert account_of(live)["status"] == "none"
    live.post(ACCOUNT, {})
    work()
    assert account_of(live)["status"] == "failed"  # the merchant has a test key only
    assert len(shop.world.recipients) == 1


def test_an_account_is_of_one_partner(ada: Caller, affiliate: Affiliate, work: Work) -> None:
    opened(ada, work)
    assert account_of(affiliate("ben"))["status"] == "none"


def test_programs_of_one_owner_share_the_account(ada: Caller, merchant: Merchant, shop: Emulator, work: Work) -> None:
    first = ids.encode(ids.PROGRAM, merchant.program_id)
    opened(ada, work)
    second = ids.encode(ids.PROGRAM, _enroll_in_another_program(merchant))
    refused = ada.get(ACCOUNT)
    assert (refused.status_code, refused.json["error"]["code"]) == (400, "program_required")
    assert ada.post(ACCOUNT, {}).json["error"]["code"] == "program_required"
    assert ada.post(LINK, {}).json["error"]["code"] == "program_required"
    shown = [ada.get(ACCOUNT, program_id=program).json["stripe_account_id"] for program in (first, second)]
    assert shown == list(shop.world.recipients) * 2


def test_each_owner_has_an_account_of_the_partner_of_its_own(
    ada: Caller, application: object, merchant: Merchant, work: Work
) -> None:
    opened(ada, work)
    with db.transaction() as session:
        other = open_merchant(session, name="Other shop")
        partner = enroll(session, other, "ada")
        session.execute(
            text("UPDATE partners SET partner_organization_id = :own WHERE id = :id"),
            {"own": _organization_of_ada(merchant), "id": partner},
        )
    program = ids.encode(ids.PROGRAM, other.program_id)
    assert ada.get(ACCOUNT, program_id=program).json["status"] == "none"


def test_a_key_that_only_reads_opens_nothing(affiliate: Affiliate, asking: Settings) -> None:
    reader = affiliate("ada", level="read")
    assert [reader.post(path, {}).status_code for path in (ACCOUNT, LINK)] == [403, 403]


def test_the_audit_trail_has_the_requests_without_the_link(
    ada: Caller, owner: Caller, shop: Emulator, work: Work
) -> None:
    opened(ada, work)
    url = linked(ada, work)
    entries = owner.get("/api/v1/audit").json["data"]
    actions = [entry["action"] for entry in entries]
    assert actions[:2] == ["partner.payout_link_given", "partner.payout_account_requested"]
    assert url not in json.dumps(entries)


def _crash(*_arguments: object, **_options: object) -> None:
    raise KeyboardInterrupt


def _organization_of_ada(merchant: Merchant) -> object:
    with db.transaction() as session:
        query = text("SELECT partner_organization_id FROM partners WHERE id = :id")
        return session.scalar(query, {"id": merchant.partners["ada"]})


def _enroll_in_another_program(merchant: Merchant) -> object:
    own = _organization_of_ada(merchant)
    with db.transaction() as session:
        program_id = open_program(session, merchant)
        partner = enroll(session, Merchant(merchant.organization_id, program_id), "ada-too")
        session.execute(
            text("UPDATE partners SET partner_organization_id = :own WHERE id = :id"), {"own": own, "id": partner}
        )
    return program_id
