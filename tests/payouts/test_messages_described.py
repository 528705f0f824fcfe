"""Every message of a story has exactly the shape that the OpenAPI document describes."""

from typing import cast

from flask import Flask
from flask_openapi3 import OpenAPI

from app import db, ids
from app.http.openapi.document import complete
from app.outbox.bodies import contents_of
from tests.conftest import Deliver, Drain
from tests.docs.shapes import departures
from tests.outbox.listening import listen, recorded
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .till import Till, payout_of


def test_every_message_of_a_story_has_the_described_shape(
    application: Flask, till: Till, deliver: Deliver, drain: Drain
) -> None:
    endpoint = listen(till.merchant.organization_id)
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, second = cleo.subscribes(), cleo.subscribes()
    parked = Customer(CLOVER).subscribes().event("invoice.paid")
    parked["data"]["object"]["currency"] = 7
    deliver([*first.events, *second.events, parked, *Customer(CLOVER, Marks()).subscribes().events])
    drain()
    deliver([*cleo.is_refunded(second, 500).events, *cleo.is_refunded(second, 4400).events])
    drain()
    till.pays_to("ada")
    [conversion] = till.caller.get("/api/v1/conversions", status="pending").json["data"]
    till.approves(conversion["id"])
    payout = payout_of(till.runs(), till, "ada")
    till.did(payout["id"], "confirm", reference="PP-1")
    till.did(payout["id"], "return", amount_cents=payout["net_cents"], reason="wrong account")
    till.caller.post("/api/v1/partners", {"email": "eve@example.com", "slug": "eve"})
    till.bans("ben")
    document = complete(cast(OpenAPI, application))
    with db.transaction() as session:
        messages = recorded(session, endpoint)
    for message in messages:
        body = document["webhooks"][message.type]["post"]["requestBody"]["content"]["application/json"]
        assert departures(document, body["schema"], contents_of(message)) == [], message.type
        assert contents_of(message)["id"] == ids.encode("msg", message.id)
    assert {message.type for message in messages} == {
        *("partner.invited", "partner.banned", "partner.updated", "payment.unattributed", "event.parked"),
        *("conversion.created", "conversion.approved", "conversion.rejected"),
        *("commission.accrued", "commission.adjusted", "commission.approved", "commission.reversed", "commission.paid"),
        *("payout.paid", "payout.returned"),
    }
