"""Each fault of a Stripe endpoint is found, with a sentence that says what to do."""

from base64 import urlsafe_b64encode

from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text

from app import db
from app.stripe_events.endpoints import event_types, rows, signing
from tests.cast import Merchant, open_endpoint, open_merchant
from tests.conftest import deliver_to
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.families import CLOVER
from worker.inbox import payout_events
from worker.inbox.handlers import table

from .conftest import LIVE_SECRET, Installation

OTHER_KEY = SecretStr(urlsafe_b64encode(b"another thirty-two bytes, a key!").decode())


def test_an_endpoint_without_a_secret(installation: Installation) -> None:
    with installation.endpoint() as endpoint:
        signing.store(endpoint, (), installation.settings)
    found = installation.found()["signing_secret_missing"]
    assert f"accrual endpoints rotate {installation.endpoint_id}" in found.sentence


def test_a_secret_key_that_decrypts_nothing(installation: Installation) -> None:
    installation.change(secret_key=OTHER_KEY)
    assert "ACCRUAL_SECRET_KEY" in installation.found()["stored_secret_unreadable"].sentence


def test_a_secret_of_the_settings_that_the_default_endpoint_does_not_accept(installation: Installation) -> None:
    with installation.endpoint() as endpoint:
        endpoint.is_default = True
    installation.change(stripe_webhook_secrets=(SecretStr("whsec_of_the_dashboard"),), stripe_livemode=False)
    assert "accrual endpoints rotate" in installation.found()["configured_secret_unused"].sentence
    installation.change(stripe_livemode=True)
    assert "receives test events" in installation.found()["default_endpoint_mode"].sentence


def test_live_events_at_an_endpoint_for_test_events(installation: Installation, application: Flask) -> None:
    live = [event | {"livemode": True} for event in Customer(CLOVER).subscribes().events[:2]]
    deliver_to(application, installation.path)(live)
    found = installation.found()["events_of_other_mode"]
    assert (found.values["count"], found.values["mode"], found.values["other_mode"]) == (2, "test", "live")


def test_a_merchant_without_an_endpoint(installation: Installation) -> None:
    with db.transaction() as session:
        open_merchant(session, "Another")
    assert "accrual endpoints add" in installation.found()["endpoint_missing"].sentence


def test_an_endpoint_through_which_no_event_came(installation: Installation) -> None:
    with db.transaction() as session:
        another = open_merchant(session, "Another")
    open_endpoint(another.organization_id, installation.settings, LIVE_SECRET)
    assert list(installation.found()) == ["no_event_yet"]


def test_a_live_endpoint_whose_last_event_is_old(
    installation: Installation, application: Flask, merchant: Merchant
) -> None:
    path = open_endpoint(merchant.organization_id, installation.settings, LIVE_SECRET, livemode=True)
    deliver_to(application, path)([event | {"livemode": True} for event in Customer(CLOVER).subscribes().events])
    assert "last_event_old" not in installation.found()
    with db.transaction() as session:
        session.execute(text("UPDATE stripe_events SET received_at = now() - interval '8 days' WHERE livemode"))
    assert "accrual backfill" in installation.found()["last_event_old"].sentence


def test_an_endpoint_that_stripe_does_not_have(installation: Installation) -> None:
    installation.at_stripe.url = "https://elsewhere.example/webhooks"
    assert "accrual stripe-setup" in installation.found()["stripe_endpoint_unknown"].sentence


def test_an_endpoint_that_stripe_has_disabled(installation: Installation) -> None:
    installation.at_stripe.is_disabled = True
    assert "accrual backfill" in installation.found()["stripe_endpoint_disabled"].sentence


def test_event_types_that_stripe_does_not_send(installation: Installation) -> None:
    missing = {"invoice_payment.paid", "charge.dispute.closed"}
    installation.at_stripe.types = [name for name in event_types.PAYMENTS if name not in missing]
    found = installation.found()
    assert list(found) == ["event_types_missing"]
    assert set(found["event_types_missing"].values["types"]) == missing
    installation.at_stripe.types = event_types.PAYMENTS
    assert installation.found() == {}


def test_a_newer_api_version_than_was_tested(installation: Installation) -> None:
    family = type(CLOVER)("later", "2027-03-31.later", names_links=False)
    installation.at_stripe.family = family
    assert "2027-03-31.later" in installation.found()["api_version_newer"].sentence


def test_a_key_that_may_not_read_endpoints_and_one_that_is_revoked(installation: Installation) -> None:
    key = installation.shop.restricted_key("charge_read")
    with installation.endpoint() as endpoint:
        rows.set_api_key(endpoint, key, installation.settings)
    sentence = installation.found()["stripe_not_asked"].sentence
    assert "rak_webhook_read" in sentence
    assert key not in sentence
    installation.shop.revoke(key)
    assert "revoked" in installation.found()["stripe_not_asked"].sentence


def test_the_types_to_subscribe_to_are_those_of_the_handlers() -> None:
    assert set(event_types.PAYMENTS) == set(table.HANDLERS)
    assert {*event_types.TRANSFERS, *event_types.ACCOUNTS} == set(payout_events.HANDLERS)
