"""Partners and parked events: each fact is recorded where it is made, with the view that the API returns."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Flask

from app import db, ids
from app.outbox.models import OutboundMessage
from app.programs.models import Program
from tests.api.conftest import Caller, caller_of, owner
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.families import CLOVER

from .listening import listen, recorded, types_for

__all__ = ["caller_of", "owner"]


def _messages(endpoint_id: UUID) -> Sequence[OutboundMessage]:
    with db.transaction() as session:
        return recorded(session, endpoint_id)


def _partner(**fields: Any) -> dict[str, Any]:
    paid = {"payout_method": "paypal", "payout_email": "eves-money@example.com"}
    return {"email": "eve@example.com", "slug": "eve", "first_name": "Eve", "last_name": "E", **paid, **fields}


def _without_address(shown: dict[str, Any]) -> dict[str, Any]:
    """Where a partner is paid is stored encrypted only, so no message has it."""
    return {name: value for name, value in shown.items() if name != "payout_email"}


def test_a_partner_is_recorded_from_invitation_to_ban(merchant: Merchant, owner: Caller) -> None:
    endpoint = listen(merchant.organization_id, livemode=True)
    eve = owner.post("/api/v1/partners", _partner()).json
    assert _messages(endpoint)[0].data == _without_address(eve)
    program = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}/affiliates/{eve['id']}"
    for action in ("approve", "approve", "pause", "ban"):
        owner.post(f"{program}/{action}")
    changed = owner.patch(f"/api/v1/partners/{eve['id']}", {"first_name": "Eva"}).json
    owner.patch(f"/api/v1/partners/{eve['id']}", {"status": "active"})
    owner.call("DELETE", f"/api/v1/partners/{eve['id']}")
    messages = _messages(endpoint)
    assert [message.type for message in messages] == [
        *("partner.invited", "partner.activated", "partner.paused", "partner.banned", "partner.updated"),
        *("partner.activated", "partner.updated", "partner.updated"),
    ]
    assert messages[4].data == _without_address(changed)
    assert messages[-1].data["status"] == "deactivated"


def test_a_refused_change_of_a_partner_records_nothing(merchant: Merchant, owner: Caller) -> None:
    endpoint = listen(merchant.organization_id)
    ada = ids.encode("par", merchant.partners["ada"])
    refused = owner.patch(f"/api/v1/partners/{ada}", {"first_name": "Ava", "slug": "ben"})
    assert refused.status_code == 409
    assert types_for(endpoint) == []


def test_joining_by_an_invitation_and_signing_up_are_recorded(
    application: Flask, merchant: Merchant, owner: Caller
) -> None:
    """Neither has a caller: the database role of such requests records facts, and sees no endpoint's secret."""
    endpoint = listen(merchant.organization_id)
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).open_signup = True
    program_id, public = ids.encode("prog", merchant.program_id), Caller(application, None)
    invited = owner.post(f"/v1/admin/affiliate/programs/{program_id}/invite", {"email": "eve@example.com"}).json
    token = invited["signup_url"].partition("#")[2]
    joined = public.post("/v1/public/affiliate/signup", {"token": token, "name": "Eve"})
    assert joined.status_code == 201, joined.json
    body = {"program_id": program_id, "name": "Fay", "email": "fay@example.com"}
    assert public.post("/v1/public/affiliate/signup", body).status_code == 201
    assert types_for(endpoint) == ["partner.invited", "partner.activated", "partner.applied"]


def test_a_parked_event_is_recorded_as_the_api_shows_it(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    endpoint = listen(merchant.organization_id, "event.parked")
    event = Customer(CLOVER).subscribes().event("invoice.paid")
    event["data"]["object"]["currency"] = 7
    deliver([event])
    drain()
    [message] = _messages(endpoint)
    assert [message.data] == owner.get("/api/v1/events").json["data"]
    assert message.data["outcome"] == "parked"
