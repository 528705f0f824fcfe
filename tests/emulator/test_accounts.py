"""Connected accounts through Stripe's own library: creation, onboarding links, what is required, and their events."""

from typing import Any

import pytest
import stripe

from .delivery import Endpoint
from .emulator import Emulator

CONTROLLER = {
    "fees": {"payer": "application"},
    "losses": {"payments": "application"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "express"},
}
TRANSFERS = {"transfers": {"requested": True}}
RECIPIENT = {"service_agreement": "recipient"}


def create(shop: Emulator, key: str | None = None, **params: Any) -> stripe.Account:
    asked = {"controller": CONTROLLER, "capabilities": TRANSFERS, "metadata": {"partner": "ada"}} | params
    return shop.client().v1.accounts.create(asked, {"idempotency_key": key} if key else {})


def link_of(shop: Emulator, account: str) -> stripe.AccountLink:
    urls = {"return_url": "https://shop.example/back", "refresh_url": "https://shop.example/again"}
    return shop.client().v1.account_links.create({"account": account, "type": "account_onboarding", **urls})


def posted(shop: Emulator, *, of_connected: bool) -> tuple[Endpoint, list[bytes]]:
    """An endpoint of the platform, and the bodies it takes."""
    bodies: list[bytes] = []

    def post(body: bytes, _headers: dict[str, str]) -> int:
        bodies.append(body)
        return 200

    return shop.endpoint(post, of_connected=of_connected), bodies


def test_a_new_account_cannot_receive_and_says_what_it_owes(shop: Emulator) -> None:
    made = create(shop)
    found = shop.client().v1.accounts.retrieve(made.id)
    assert (found.capabilities.transfers, found.payouts_enabled, found.details_submitted) == ("inactive", False, False)
    assert "individual.id_number" in found.requirements.currently_due
    assert found.controller.stripe_dashboard.type == "express"
    assert (found.country, found.tos_acceptance.service_agreement) == ("US", "full")
    assert found.metadata.to_dict() == {"partner": "ada"}


def test_the_same_key_creates_one_account(shop: Emulator) -> None:
    assert create(shop, "ada").id == create(shop, "ada").id
    assert len(shop.client().v1.accounts.list().data) == 1


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"type": "express"}, "type"),
        ({"controller": {}}, "controller"),
        ({"capabilities": {}}, "capabilities"),
        ({"country": "DE"}, "tos_acceptance[service_agreement]"),
        ({"tos_acceptance": RECIPIENT}, "tos_acceptance[service_agreement]"),
    ],
    ids=["type", "controller", "capability", "full_abroad", "recipient_at_home"],
)
def test_accounts_that_stripe_refuses(shop: Emulator, params: dict[str, Any], named: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(shop, **params)
    assert (refused.value.http_status, refused.value.param) == (400, named)


def test_an_account_abroad_is_a_recipient(shop: Emulator) -> None:
    made = create(shop, country="DE", tos_acceptance=RECIPIENT)
    assert (made.country, made.tos_acceptance.service_agreement) == ("DE", "recipient")


def test_a_platform_of_the_eea_may_give_its_neighbours_the_full_agreement(shop: Emulator) -> None:
    shop.world.country = "DE"
    assert create(shop, country="FR").tos_acceptance.service_agreement == "full"


def test_a_platform_without_approval_creates_nothing(shop: Emulator) -> None:
    shop.world.is_connect_approved = False
    with pytest.raises(stripe.InvalidRequestError, match="approval"):
        create(shop)
    assert shop.client().v1.accounts.list().data == []


def test_an_onboarding_link_works_once(shop: Emulator) -> None:
    account = create(shop).id
    link = link_of(shop, account)
    assert shop.open_link(link.url) == "https://shop.example/back"
    assert shop.client().v1.accounts.retrieve(account).capabilities.transfers == "active"
    assert shop.open_link(link.url) == "https://shop.example/again"


def test_an_onboarding_link_expires(shop: Emulator) -> None:
    account = create(shop).id
    link = link_of(shop, account)
    shop.advance(seconds=link.expires_at - shop.now)
    assert shop.open_link(link.url) == "https://shop.example/again"
    assert shop.client().v1.accounts.retrieve(account).capabilities.transfers == "inactive"


def test_links_are_for_accounts_of_this_platform_and_mode(shop: Emulator) -> None:
    account = create(shop).id
    urls = {"return_url": "https://shop.example/back", "refresh_url": "https://shop.example/again"}
    with pytest.raises(stripe.InvalidRequestError, match="No such account"):
        shop.client(shop.live_key).v1.account_links.create({"account": account, "type": "account_onboarding", **urls})


def test_onboarding_and_restriction_are_events_of_the_account(shop: Emulator) -> None:
    own, of_platform = posted(shop, of_connected=False)
    connected, bodies = posted(shop, of_connected=True)
    account = create(shop).id
    shop.onboard(account)
    shop.restrict(account, "individual.verification.document", individual__id_number="The number is invalid.")
    shop.deliver()
    assert [attempt.event.type for attempt in connected.attempts] == ["capability.updated", "account.updated"] * 2
    assert all(f'"account":"{account}"'.encode() in body for body in bodies)
    assert (own.attempts, of_platform) == ([], [])
    restricted = shop.client().v1.accounts.retrieve(account).requirements
    assert restricted.past_due == ["individual.verification.document"]
    assert restricted.errors[0].reason == "The number is invalid."


def test_the_bank_may_send_back_what_was_paid_out(shop: Emulator) -> None:
    connected, bodies = posted(shop, of_connected=True)
    account = create(shop).id
    payout = shop.pay_out(account, 931)
    shop.fail_payout(account, payout)
    shop.deliver()
    assert [attempt.event.type for attempt in connected.attempts] == ["payout.paid", "payout.failed"]
    assert b'"failure_code":"account_closed"' in bodies[1]


def test_the_balance_and_the_platform_are_served(shop: Emulator) -> None:
    client = shop.client()
    balance = client.v1.balance.retrieve()
    assert [(entry.currency, entry.amount) for entry in balance.available] == [("usd", 100_000_000)]
    assert client.v1.accounts.retrieve_current().country == "US"


def test_a_restricted_key_needs_a_permission_for_each_call(shop: Emulator) -> None:
    client = shop.client(shop.restricted_key("accounts_kyc_basic_write"))
    made = client.v1.accounts.create({"controller": CONTROLLER, "capabilities": TRANSFERS})
    urls = {"return_url": "https://shop.example/back", "refresh_url": "https://shop.example/again"}
    with pytest.raises(stripe.PermissionError, match="rak_account_link_write"):
        client.v1.account_links.create({"account": made.id, "type": "account_onboarding", **urls})
    with pytest.raises(stripe.PermissionError, match="rak_balance_read"):
        client.v1.balance.retrieve()
