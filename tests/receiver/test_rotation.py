"""A signing secret is rolled while deliveries go on, and nothing is lost."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import db, ids, sealing, web
from app.config import Settings
from app.stripe_events.endpoints import receivers, rows, signing
from app.stripe_events.models import StripeEndpoint
from tests.cast import Merchant
from tests.stripe_stories.signing import signature_header

from .conftest import Endpoint, an_event, assert_refused, make_endpoint, rows_of

NOW = datetime.now(UTC)
A_DAY = timedelta(days=1)


@pytest.fixture
def rolling(application: Flask, merchant: Merchant, settings: Settings) -> Endpoint:
    """An endpoint of its own, so far with the old secret alone."""
    return make_endpoint(application, merchant.organization_id, settings, ["whsec_old"])


def roll(endpoint: Endpoint, settings: Settings, *, now: datetime, overlap: timedelta | None) -> None:
    endpoint_id = ids.decode(endpoint.path.rpartition("/")[2], ids.STRIPE_ENDPOINT)
    with db.transaction() as session:
        signing.add(session.get_one(StripeEndpoint, endpoint_id), "whsec_new", settings, now=now, overlap=overlap)


def deliver(endpoint: Endpoint, *secrets: str) -> TestResponse:
    body = json.dumps(an_event()).encode()
    return endpoint.post(body, header=signature_header(body, *secrets))


@pytest.mark.parametrize("signed_with", [("whsec_old",), ("whsec_new",), ("whsec_old", "whsec_new")])
def test_either_secret_signs_during_the_overlap(
    rolling: Endpoint, settings: Settings, signed_with: tuple[str, ...]
) -> None:
    roll(rolling, settings, now=NOW, overlap=A_DAY)
    assert deliver(rolling, *signed_with).status_code == 200


def test_old_secret_is_refused_after_the_overlap(rolling: Endpoint, settings: Settings) -> None:
    roll(rolling, settings, now=NOW - timedelta(days=2), overlap=A_DAY)
    assert_refused(deliver(rolling, "whsec_old"), 400, "invalid_signature")
    assert deliver(rolling, "whsec_new").status_code == 200
    assert deliver(rolling, "whsec_old", "whsec_new").status_code == 200


def test_old_secret_is_refused_at_once_without_an_overlap(rolling: Endpoint, settings: Settings) -> None:
    roll(rolling, settings, now=NOW, overlap=timedelta(0))
    assert_refused(deliver(rolling, "whsec_old"), 400, "invalid_signature")
    assert deliver(rolling, "whsec_new").status_code == 200


def test_every_web_process_uses_the_new_secret_once_its_cache_expired(rolling: Endpoint, settings: Settings) -> None:
    other = Endpoint(web.create_app(settings), rolling.path, rolling.secrets)
    assert deliver(rolling, "whsec_old").status_code == deliver(other, "whsec_old").status_code == 200
    roll(rolling, settings, now=NOW, overlap=timedelta(0))
    time.sleep(receivers.CACHE_SECONDS)
    for process in (rolling, other):
        assert deliver(process, "whsec_new").status_code == 200
        assert_refused(deliver(process, "whsec_old"), 400, "invalid_signature")


def test_secrets_are_read_as_long_as_their_key_is_listed_and_sealed_anew_on_demand(
    merchant: Merchant, settings: Settings
) -> None:
    """The steps of changing ACCRUAL_SECRET_KEY: put the new key in front, reseal, take the old one away."""
    old = settings.secret_key.get_secret_value()
    new = "bmV3ZXIgdGhpcnR5LXR3byBieXRlcyBmb3IgdGVzdHM="
    both = settings.model_copy(update={"secret_key": type(settings.secret_key)(f"{new},{old}")})
    only_new = settings.model_copy(update={"secret_key": type(settings.secret_key)(new)})
    with db.transaction() as session:
        made = rows.insert_endpoint(
            session, merchant.organization_id, livemode=False, secrets=["whsec_kept"], settings=settings
        )
        assert [one.secret for one in signing.secrets_of(made, both)] == ["whsec_kept"]
        before = made.secrets_encrypted
        assert len(rows.reseal_all(session, both)) >= 1
        assert made.secrets_encrypted != before
        assert [one.secret for one in signing.secrets_of(made, only_new)] == ["whsec_kept"]
        session.rollback()


def test_a_secret_kept_by_the_first_version_still_signs(rolling: Endpoint, settings: Settings) -> None:
    """It kept a bare list of secrets."""
    endpoint_id = ids.decode(rolling.path.rpartition("/")[2], ids.STRIPE_ENDPOINT)
    with db.transaction() as session:
        update = text("UPDATE stripe_endpoints SET secrets_encrypted = :sealed WHERE id = :id")
        session.execute(update, {"sealed": sealing.seal('["whsec_first"]', settings), "id": endpoint_id})
    assert deliver(rolling, "whsec_first").status_code == 200
    roll(rolling, settings, now=NOW, overlap=A_DAY)
    fresh = Endpoint(web.create_app(settings), rolling.path, ())
    assert deliver(fresh, "whsec_first").status_code == deliver(fresh, "whsec_new").status_code == 200


def test_endpoint_without_a_secret_is_503_so_that_stripe_retries(
    application: Flask, merchant: Merchant, settings: Settings
) -> None:
    unsigned = make_endpoint(application, merchant.organization_id, settings, [])
    assert_refused(deliver(unsigned, "whsec_any"), 503, "unavailable")


def test_event_of_the_wrong_mode_is_due_once_it_comes_to_the_endpoint_of_its_mode(
    application: Flask, merchant: Merchant, settings: Settings
) -> None:
    """A live endpoint was entered in Stripe's test mode, or the reverse, and then put right."""
    live = make_endpoint(application, merchant.organization_id, settings, ["whsec_live"], livemode=True)
    test = make_endpoint(application, merchant.organization_id, settings, ["whsec_test"])
    event = an_event()
    assert live.send(event).status_code == 200
    [row] = rows_of(event)
    assert (row.outcome, row.livemode) == ("wrong_mode", False)
    assert test.send(event).status_code == 200
    assert live.send(event).status_code == 200
    refused, due = rows_of(event)
    assert refused == row
    assert (due.outcome, due.processed_at) == (None, None)
    assert due.endpoint_id == ids.decode(test.path.rpartition("/")[2], ids.STRIPE_ENDPOINT)
