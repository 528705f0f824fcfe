"""A partner sets the URL that is called about its own commissions, in the mode of its key."""

import pytest
from sqlalchemy import select

from app import db, ids
from app.organizations import hierarchy
from app.organizations.models import AuditEntry
from app.outbox.models import OutboundDelivery, OutboundEndpoint, OutboundMessage
from app.partners.models import Partner
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Caller, MakeCaller

PATH = "/v1/admin/affiliate-me/postback"
URL = "https://tracker.example.com/hit?order={id}&sum={amount}"


@pytest.fixture
def ada(merchant: Merchant, caller_of: MakeCaller) -> Caller:
    with db.transaction() as session:
        own = hierarchy.create_organization(session, kind="affiliate", name="Ada's")
        session.get_one(Partner, merchant.partners["ada"]).partner_organization_id = own.id
    return caller_of(Merchant(own.id, merchant.program_id))


def sell(deliver: Deliver, drain: Drain, code: str) -> None:
    deliver(Customer(CLOVER, Marks(subscription=code)).subscribes().events)
    drain()


def test_a_partners_url_is_called_for_its_own_commissions_only(
    merchant: Merchant, ada: Caller, deliver: Deliver, drain: Drain
) -> None:
    assert ada.get(PATH).json["error"]["code"] == "postback_not_found"
    shown = ada.call("PUT", PATH, json={"url": URL})
    assert shown.status_code == 200, shown.json
    assert (shown.json["url"], shown.json["program_id"]) == (URL, ids.encode("prog", merchant.program_id))
    assert ada.get(PATH).json == shown.json
    sell(deliver, drain, "ben")
    sell(deliver, drain, "ada")
    with db.transaction() as session:
        [row] = session.execute(
            select(OutboundMessage, OutboundEndpoint)
            .join(OutboundDelivery, OutboundDelivery.message_id == OutboundMessage.id)
            .join(OutboundEndpoint, OutboundEndpoint.id == OutboundDelivery.endpoint_id)
        )
    assert (row[0].type, row[0].data["partnerCode"]) == ("commission.accrued", "ada")
    assert row[1].partner_id == merchant.partners["ada"]


def test_a_url_is_replaced_and_removed_and_nothing_waits_for_a_removed_one(
    merchant: Merchant, ada: Caller, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    ada.call("PUT", PATH, json={"url": URL})
    replaced = ada.call("PUT", PATH, json={"url": "https://other.example.com/", "events": ["commission.paid"]}).json
    assert (replaced["url"], replaced["events"]) == ("https://other.example.com/", ["commission.paid"])
    ada.call("PUT", PATH, json={"url": URL})
    sell(deliver, drain, "ada")
    assert ada.call("DELETE", PATH).json["url"] == URL
    assert ada.get(PATH).status_code == 404
    [delivery] = owner.get("/api/v1/webhook-deliveries").json["data"]
    assert delivery["status"] == "given_up"
    with db.transaction() as session:
        assert session.scalars(select(OutboundEndpoint.deleted_at)).one() is not None
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [action for action in actions if action.startswith("postback")] == [
        *["postback.set"] * 3,
        "postback.removed",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://tracker.example.com/",
        "https://192.168.0.1/hit",
        "https://tracker.example.com/{id}",
        "https://{id}.example.com/",
        "https://tracker.example.com/?email={email}",
    ],
)
def test_a_url_that_may_not_be_called_is_refused(ada: Caller, url: str) -> None:
    answer = ada.call("PUT", PATH, json={"url": url})
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "url")


def test_each_mode_has_its_own_url_and_the_merchant_does_not_see_it(
    merchant: Merchant, ada: Caller, owner: Caller, caller_of: MakeCaller
) -> None:
    ada.call("PUT", PATH, json={"url": URL})
    with db.transaction() as session:
        own_id = session.get_one(Partner, merchant.partners["ada"]).partner_organization_id
    assert own_id is not None
    live = caller_of(Merchant(own_id, merchant.program_id), livemode=True)
    assert live.get(PATH).status_code == 404
    assert live.call("PUT", PATH, json={"url": "https://live.example.com/"}).status_code == 200
    assert ada.get(PATH).json["url"] == URL
    with db.transaction() as session:
        endpoint_id = session.scalars(select(OutboundEndpoint.id).where(OutboundEndpoint.livemode.is_(False))).one()
    assert owner.get("/api/v1/webhook-endpoints").json["data"] == []
    assert owner.get(f"/api/v1/webhook-endpoints/{ids.encode('owe', endpoint_id)}").status_code == 404


def test_the_url_of_a_banned_partner_is_not_called_until_it_is_approved_again(
    merchant: Merchant, ada: Caller, owner: Caller
) -> None:
    ada.call("PUT", PATH, json={"url": URL})
    partner = f"{ids.encode('prog', merchant.program_id)}/affiliates/{ids.encode('par', merchant.partners['ada'])}"
    for action, reason in (("ban", "enrollment_ended"), ("approve", None)):
        assert owner.post(f"/v1/admin/affiliate/programs/{partner}/{action}").status_code == 200
        with db.transaction() as session:
            assert session.scalars(select(OutboundEndpoint.disabled_reason)).all() == [reason]
