"""From Stripe's event to the receivers, with everything set up through the API."""

from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app import db
from app.config import Settings
from app.organizations import hierarchy
from app.partners.models import Partner
from tests.api.conftest import Caller, MakeCaller, caller_of, owner
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .desk import Desk, let_it_have_failed_for, let_the_wait_pass
from .receivers import Receiver, accept, receiving, refuse

__all__ = ["caller_of", "owner"]

ENDPOINTS = "/api/v1/webhook-endpoints"
DELIVERIES = "/api/v1/webhook-deliveries"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"outbound_allow_private": True})


def opens(owner: Caller, receiver: Receiver, *events: str) -> dict[str, Any]:
    """An endpoint, as the answer that made it shows it, with its secret."""
    answer = owner.post(ENDPOINTS, {"url": receiver.url, "events": list(events) or ["*"]})
    assert answer.status_code == 201, answer.json
    shown: dict[str, Any] = answer.json
    return shown


def verified(receiver: Receiver, secret: str) -> list[Any]:
    return [Webhook(secret).verify(got.body, got.headers) for got in receiver.received]


def test_a_sale_reaches_the_merchants_receiver_and_the_partners_postback(
    desk: Desk, owner: Caller, caller_of: MakeCaller, deliver: Deliver, drain: Drain
) -> None:
    with db.transaction() as session:
        own = hierarchy.create_organization(session, kind="affiliate", name="Ada's")
        session.get_one(Partner, desk.merchant.partners["ada"]).partner_organization_id = own.id
    ada = caller_of(Merchant(own.id, desk.merchant.program_id))
    with receiving() as receiver, receiving() as tracker:
        secret = opens(owner, receiver, "commission.accrued", "conversion.created")["secret"]
        url = f"{tracker.url}?tid={{id}}&sum={{amount}}&cur={{currency}}"
        assert ada.call("PUT", "/v1/admin/affiliate-me/postback", json={"url": url}).status_code == 200
        deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
        drain()
        desk.sends()
    [shown] = owner.get("/api/v1/commissions").json["commissions"]
    messages = {message["type"]: message for message in verified(receiver, secret)}
    assert messages.keys() == {"commission.accrued", "conversion.created"}
    assert messages["commission.accrued"]["data"] == {**shown, "sequence": 1}
    [hit] = tracker.received
    assert (hit.method, hit.path) == ("GET", f"/hook?tid={shown['id']}&sum={shown['amount']}&cur=USD")


def test_the_api_shows_every_attempt_and_sends_a_message_again(desk: Desk, owner: Caller) -> None:
    with receiving(refuse(500, b"not today"), then=accept) as receiver:
        secret = opens(owner, receiver)["secret"]
        desk.records()
        desk.sends()
        [delivery] = owner.get(DELIVERIES).json["data"]
        shown = owner.get(f"{DELIVERIES}/{delivery['id']}").json
        [attempt] = shown["attempts"]
        assert "not today" in attempt.values()
        assert "The server answered 500." in str(attempt)
        let_the_wait_pass()
        desk.sends()
        assert owner.post(f"{DELIVERIES}/{delivery['id']}/resend").status_code == 200
        desk.sends()
    assert len(owner.get(f"{DELIVERIES}/{delivery['id']}").json["attempts"]) == 3
    assert len({message["id"] for message in verified(receiver, secret)}) == 1
    assert len(receiver.received) == 3


def test_during_a_rotation_a_receiver_may_know_either_secret(desk: Desk, owner: Caller) -> None:
    with receiving() as receiver:
        endpoint = opens(owner, receiver)
        rotated = owner.post(f"{ENDPOINTS}/{endpoint['id']}/rotate-secret").json
        assert owner.post(f"{ENDPOINTS}/{endpoint['id']}/test").status_code in {200, 201}
        desk.sends()
    for secret in (endpoint["secret"], rotated["secret"]):
        assert [message["type"] for message in verified(receiver, secret)] == ["webhook.test"]
    with pytest.raises(WebhookVerificationError):
        verified(receiver, "whsec_b3RoZXI=")


def test_an_endpoint_that_was_disabled_gets_what_waits_once_it_is_enabled(desk: Desk, owner: Caller) -> None:
    with receiving(refuse(500), refuse(500), then=accept) as receiver:
        endpoint = opens(owner, receiver)
        desk.records()
        desk.sends()
        let_the_wait_pass()
        let_it_have_failed_for(timedelta(days=3))
        desk.sends()
        shown = owner.get(f"{ENDPOINTS}/{endpoint['id']}").json
        assert (shown["disabled"], shown["disabled_reason"]) == (True, "failing")
        let_the_wait_pass()
        desk.sends()
        assert len(receiver.received) == 2
        enabled = owner.call("PATCH", f"{ENDPOINTS}/{endpoint['id']}", json={"disabled": False}).json
        assert enabled["disabled"] is False
        desk.sends()
    assert len(receiver.received) == 3
    assert [delivery.state for delivery in desk.deliveries()] == ["delivered"]
