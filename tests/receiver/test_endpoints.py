"""Unknown, disabled, default and other organizations' webhook endpoints, and requests that are no delivery."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text, update

from app import db, ids, web
from app.cli.server import bootstrap
from app.config import Settings
from app.stripe_events.endpoints import rows, signing
from app.stripe_events.models import StripeEndpoint
from tests.cast import Merchant, open_merchant
from tests.servers import Servers
from tests.stripe_stories.signing import signature_header

from .conftest import Endpoint, an_event, assert_refused, make_endpoint, rows_of, stored

UNKNOWN_ID = UUID(int=7 << 76)


@pytest.mark.parametrize(
    "endpoint_id",
    [
        ids.encode(ids.STRIPE_ENDPOINT, UNKNOWN_ID),
        ids.encode("pn", UNKNOWN_ID),
        "whe_",
        "whe_zzz",
        "nonsense",
        "%00",
        "%ff",
        "x" * 3000,
        "é",
    ],
    ids=lambda endpoint_id: ascii(endpoint_id)[:12],
)
def test_unknown_endpoint_is_404(endpoint: Endpoint, endpoint_id: str) -> None:
    before = stored()
    nowhere = Endpoint(endpoint.application, f"/webhooks/stripe/{endpoint_id}", endpoint.secrets)
    assert_refused(nowhere.send(an_event()), 404, "not_found")
    assert stored() == before


def test_a_disabled_endpoint_is_not_found(application: Flask, merchant: Merchant, settings: Settings) -> None:
    closed = make_endpoint(application, merchant.organization_id, settings, ["whsec_closed"])
    endpoint_id = ids.decode(closed.path.rpartition("/")[2], ids.STRIPE_ENDPOINT)
    with db.transaction() as session:
        disable = update(StripeEndpoint).where(StripeEndpoint.id == endpoint_id)
        session.execute(disable.values(disabled_at=datetime.now(UTC)))
    assert_refused(closed.send(an_event()), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_other_methods_than_post_are_405(endpoint: Endpoint, method: str) -> None:
    for path in (endpoint.path, "/webhooks/stripe"):
        answer = endpoint.application.test_client().open(path, method=method)
        assert answer.status_code == 405
        assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/stripe/",
        "/webhooks//stripe",
        "//webhooks/stripe",
        "/webhooks/stripe//",
        "/webhooks/./stripe",
        "/webhooks/stripe?endpoint=1",
        "/WEBHOOKS/STRIPE",
        "{endpoint}/",
        "/{endpoint}",
        "{endpoint}//",
        "{endpoint}/more",
    ],
)
def test_there_is_never_a_redirect(endpoint: Endpoint, path: str) -> None:
    """Stripe takes one for a failure."""
    almost = Endpoint(endpoint.application, path.replace("{endpoint}", endpoint.path), endpoint.secrets)
    answer = almost.send(an_event())
    assert not 300 <= answer.status_code < 400
    assert "Location" not in answer.headers


@pytest.fixture
def young(servers: Servers, settings: Settings, application: Flask) -> Iterator[Settings]:
    """An installation without an organization, with secrets in its settings; afterwards the package's own is back."""
    with servers.database() as name:
        changes = {
            "stripe_webhook_secrets": (SecretStr("whsec_new"), SecretStr("whsec_old")),
            "stripe_livemode": False,
        }
        db.connect(servers.database_url(name))
        yield settings.model_copy(update=changes | {"database_url": servers.database_url(name)})
        db.connect(settings.database_url)
        web.create_app(settings)


def set_up(settings: Settings, name: str, **options: bool) -> UUID:
    """Run `bootstrap` for a merchant called `name`; the id of its endpoint."""
    with db.transaction() as session:
        made = bootstrap.make(session, settings, name, "shop@example.com", **options)
    endpoint_id = ids.decode(made.webhook_url.rpartition("/")[2], ids.STRIPE_ENDPOINT)
    assert endpoint_id is not None
    return endpoint_id


def test_the_default_endpoint_is_the_first_that_bootstrap_makes_in_the_installations_mode(young: Settings) -> None:
    default = Endpoint(web.create_app(young), "/webhooks/stripe", ["whsec_old"])
    event = an_event()
    assert_refused(default.send(event), 503, "unavailable")
    set_up(young, "First", livemode=True)
    assert_refused(default.send(event), 503, "unavailable")
    endpoint_id = set_up(young, "First")
    set_up(young, "Second")
    assert default.send(event).status_code == 200
    [row] = rows_of(event)
    with db.transaction() as session:
        first = session.get_one(StripeEndpoint, endpoint_id).organization_id
    assert (row.organization_id, row.endpoint_id, row.account) == (first, endpoint_id, "")
    for secret, status in (("whsec_new", 200), ("whsec_x", 400)):
        assert Endpoint(default.application, default.path, [secret]).send(event).status_code == status


def test_the_default_endpoint_is_disabled_deleted_and_replaced_as_any(young: Settings) -> None:
    first = set_up(young, "First")
    with db.transaction() as session:
        rows.disable(session.get_one(StripeEndpoint, first), disabled=True)
    assert_refused(
        Endpoint(web.create_app(young), "/webhooks/stripe", ["whsec_new"]).send(an_event()), 404, "not_found"
    )
    with db.transaction() as session:
        rows.delete(session.get_one(StripeEndpoint, first), young)
    default = Endpoint(web.create_app(young), "/webhooks/stripe", ["whsec_new"])
    assert_refused(default.send(an_event()), 503, "unavailable")
    second = set_up(young, "First")
    event = an_event()
    assert default.send(event).status_code == 200
    assert [row.endpoint_id for row in rows_of(event)] == [second]


def test_a_default_endpoint_without_a_secret_is_unavailable(young: Settings) -> None:
    endpoint_id = set_up(young, "First")
    with db.transaction() as session:
        signing.store(session.get_one(StripeEndpoint, endpoint_id), [], young)
    endpoint = Endpoint(web.create_app(young), "/webhooks/stripe", [])
    body = json.dumps(an_event()).encode()
    assert_refused(endpoint.post(body, header=signature_header(body, "")), 503, "unavailable")


def test_unreachable_database_is_503_without_details(endpoint: Endpoint, settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_url": "postgresql+psycopg://hush:hush@127.0.0.1:1/accrual"})
    away = Endpoint(web.create_app(nowhere), endpoint.path, endpoint.secrets)
    answer = away.send(an_event())
    web.create_app(settings)
    assert_refused(answer, 503, "unavailable")
    assert "hush" not in answer.text


def test_another_tenants_endpoint_stores_for_that_tenant(
    application: Flask, settings: Settings, endpoint: Endpoint
) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Another shop")
    event = an_event()
    theirs = make_endpoint(application, other.organization_id, settings, ["whsec_theirs"])
    assert {endpoint.send(event).status_code, theirs.send(event).status_code} == {200}
    ours_row, theirs_row = rows_of(event)
    assert theirs_row.organization_id == other.organization_id != ours_row.organization_id


def test_answers_are_short_json(endpoint: Endpoint) -> None:
    answer = endpoint.send(an_event())
    assert (answer.status_code, answer.json, answer.mimetype) == (200, {"received": True}, "application/json")
    with db.transaction() as session:
        assert session.scalar(text("SELECT 1")) == 1
