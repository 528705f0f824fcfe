"""Events of connected accounts: the newest statement counts, in any order, and each event has a sentence."""

import random

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db
from tests.api.conftest import Caller
from tests.cast import Merchant, open_endpoint, open_merchant
from tests.conftest import Drain
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator

from .conftest import ACCOUNT, Connect, Work, make_accounts_due


@pytest.fixture
def account(ada: Caller, work: Work) -> str:
    """Ada's account, which has not gone through the onboarding."""
    ada.post(ACCOUNT, {})
    work()
    return str(ada.get(ACCOUNT).json["stripe_account_id"])


def outcomes() -> list[tuple[str, str, str | None]]:
    """Type, outcome and reason of each event about accounts and transfers."""
    with db.transaction() as session:
        query = text("""SELECT type, outcome, outcome_details ->> 'because' FROM stripe_events
            WHERE type ~ '^(v1[.])?(account|capability|payout|transfer)[.]' ORDER BY id""")
        return [tuple(row) for row in session.execute(query)]


@pytest.mark.parametrize("seed", range(6))
def test_the_newest_statement_counts_in_any_order(
    ada: Caller, account: str, shop: Emulator, listening: Endpoint, drain: Drain, seed: int
) -> None:
    shop.onboard(account)
    shop.restrict(account, "individual.id_number")
    shop.onboard(account)
    shop.restrict(account, "external_account")
    random.Random(seed).shuffle(listening.waiting)
    for event in list(listening.waiting):
        listening.send(event)
        listening.send(event)
        drain()
    shown = ada.get(ACCOUNT).json
    assert (shown["status"], shown["requirements"]["currently_due"]) == ("restricted", ["external_account"])


def test_two_statements_of_one_second_are_settled_by_fetching_the_account(
    ada: Caller, account: str, shop: Emulator, listening: Endpoint, drain: Drain, work: Work
) -> None:
    shop.onboard(account)
    shop.pace_seconds = 0
    shop.restrict(account, "external_account")
    shop.deliver()
    drain()
    shop.advance(seconds=60)
    make_accounts_due()
    work()
    assert ada.get(ACCOUNT).json["status"] == "restricted"


def test_each_event_has_an_outcome_with_a_sentence(
    ada: Caller, owner: Caller, account: str, shop: Emulator, listening: Endpoint, drain: Drain
) -> None:
    shop.onboard(account)
    shop.fail_payout(account, shop.pay_out(account, 931))
    shop.deliver()
    drain()
    assert outcomes() == [
        ("capability.updated", "recorded", "account_state"),
        ("account.updated", "recorded", "account_state"),
        ("payout.paid", "recorded", "bank_payout"),
        ("payout.failed", "recorded", "bank_payout"),
    ]
    sentences = [event["reason"] for event in owner.get("/api/v1/events").json["data"]]
    assert all(sentence.startswith("The event was read; it says what") for sentence in sentences)


@pytest.mark.parametrize("seed", range(4))
def test_a_payout_that_the_bank_sent_back_is_shown_whatever_comes_first(
    ada: Caller, account: str, shop: Emulator, listening: Endpoint, drain: Drain, seed: int
) -> None:
    shop.fail_payout(account, shop.pay_out(account, 931))
    shop.deliver(seed=seed)
    drain()
    shown = ada.get(ACCOUNT).json["bank_payout"]
    assert (shown["status"], shown["failure_code"]) == ("failed", "account_closed")
    assert "must be corrected" in shown["sentence"]


def test_accounts_of_no_partner_change_nothing(shop: Emulator, ada: Caller, listening: Endpoint, drain: Drain) -> None:
    stranger = shop.client().v1.accounts.create(
        {"controller": {"losses": {"payments": "application"}}, "capabilities": {"transfers": {"requested": True}}}
    )
    shop.onboard(stranger.id)
    shop.pay_out(stranger.id, 500)
    shop.deliver()
    drain()
    assert {(outcome, because) for _, outcome, because in outcomes()} == {("no_change", "not_ours")}


def test_events_of_another_merchants_endpoint_change_nothing(
    ada: Caller, account: str, client: FlaskClient, shop: Emulator, drain: Drain, settings: object
) -> None:
    """The secret proves the organization: what it signs is about its own accounts only."""
    with db.transaction() as session:
        other: Merchant = open_merchant(session, name="Other shop")
    path = open_endpoint(other.organization_id, settings, "whsec_other")

    def post(body: bytes, headers: dict[str, str]) -> int:
        return client.post(path, data=body, headers=headers).status_code

    shop.endpoint(post, secrets=["whsec_other"], of_connected=True)
    shop.onboard(account)
    shop.deliver()
    drain()
    assert {outcome for _, outcome, _ in outcomes()} == {"no_change"}
    assert ada.get(ACCOUNT).json["status"] == "onboarding"


def test_a_thin_event_has_its_account_fetched(
    ada: Caller, account: str, shop: Emulator, connect: Connect, drain: Drain, work: Work
) -> None:
    connect(of_connected=True, is_thin=True, types=["account.updated"])
    shop.onboard(account)
    shop.deliver()
    drain()
    assert outcomes() == [("v1.account.updated", "recorded", "to_be_fetched")]
    work()
    assert ada.get(ACCOUNT).json["status"] == "ready"


@pytest.mark.parametrize(
    "broken",
    [{}, {"object": None}, {"object": []}, {"object": {"id": 7}}, {"object": {"id": "acct_1", "requirements": "none"}}],
    ids=["empty", "null", "list", "number", "unknown"],
)
def test_documents_that_cannot_be_read_stop_nothing(
    ada: Caller, account: str, deliver: object, drain: Drain, broken: dict[str, object]
) -> None:
    event = {"id": "evt_broken", "object": "event", "type": "account.updated", "created": 1_790_000_000}
    deliver([event | {"livemode": False, "account": account, "data": broken}])  # type: ignore[operator]
    assert drain() == 1
    [(_, outcome, _)] = outcomes()
    assert outcome in {"parked", "no_change"}
