"""One webhook endpoint for all tests of this package; each test looks only at the events it sent itself."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app import db, web
from app.config import Settings
from tests import cast
from tests.conftest import WEBHOOK_SECRET
from tests.servers import Servers
from tests.stripe_stories.signing import signature_header

EMAIL = "cleo.secret@example.com"
_numbers = count(1)

Document = dict[str, Any]


@pytest.fixture(scope="package")
def database_url(servers: Servers) -> Iterator[str]:
    """One database for the package."""
    with servers.database() as name:
        yield servers.database_url(name)


@pytest.fixture(scope="package")
def redis_url(servers: Servers) -> str:
    return servers.valkey.url


@pytest.fixture(scope="package")
def settings(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    secret_key = urlsafe_b64encode(b"thirty-two bytes for these tests").decode()
    data_dir = tmp_path_factory.mktemp("data")
    return Settings(DATABASE_URL=database_url, REDIS_URL=redis_url, data_dir=data_dir, secret_key=secret_key)


@pytest.fixture(scope="package")
def database(database_url: str) -> Iterator[Engine]:
    db.connect_web(database_url)
    yield db.connect(database_url)
    db.disconnect()


@pytest.fixture(scope="package")
def application(settings: Settings, database: Engine) -> Flask:
    return web.create_app(settings)


@pytest.fixture(scope="package")
def merchant(application: Flask) -> cast.Merchant:
    with db.transaction() as session:
        shop = cast.open_merchant(session)
        cast.enroll(session, shop, "ada")
    return shop


@dataclass(frozen=True)
class Endpoint:
    """A webhook endpoint and the secrets its deliveries are signed with."""

    application: Flask
    path: str
    secrets: Sequence[str]

    def send(self, event: Document) -> TestResponse:
        """Post an event as Stripe would."""
        return self.post(json.dumps(event).encode())

    def post(self, body: bytes, *, header: str | None = None, **request: Any) -> TestResponse:
        """Post any body; signed properly unless a header is given."""
        signature = signature_header(body, *self.secrets) if header is None else header
        request = {"content_type": "application/json", "data": body} | request
        return self.application.test_client().post(self.path, headers={"Stripe-Signature": signature}, **request)


@pytest.fixture(scope="package")
def endpoint(application: Flask, merchant: cast.Merchant, settings: Settings) -> Endpoint:
    """The shop's test-mode endpoint."""
    return make_endpoint(application, merchant.organization_id, settings, [WEBHOOK_SECRET])


def make_endpoint(
    application: Flask, organization_id: UUID, settings: Settings, secrets: list[str], *, livemode: bool = False
) -> Endpoint:
    path = cast.open_endpoint(organization_id, settings, *secrets, livemode=livemode)
    return Endpoint(application, path, secrets)


def an_event(**changes: Any) -> Document:
    """A well-formed event with an id of its own, of a type that is stored and nothing else."""
    number = next(_numbers)
    return {
        "id": f"evt_{number:06d}",
        "object": "event",
        "api_version": "2025-11-17.clover",
        "created": 1_772_445_600,
        "data": {"object": {"id": f"prod_{number}", "object": "product", "receipt_email": EMAIL}},
        "livemode": False,
        "type": "product.created",
    } | changes


def stored() -> int:
    """How many events the inbox holds."""
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM stripe_events")) or 0


def rows_of(event: Document) -> list[Any]:
    """What the inbox holds of this event, in the order it came."""
    with db.transaction() as session:
        query = text("SELECT * FROM stripe_events WHERE stripe_id = :stripe_id ORDER BY id")
        return list(session.execute(query, {"stripe_id": event["id"]}))


def assert_refused(answer: TestResponse, status: int, code: str, *, param: str | None = None) -> None:
    """The answer has this status and error code, and repeats nothing of the body or the secrets."""
    error = (answer.json or {}).get("error", {})
    assert (answer.status_code, error.get("code"), error.get("param")) == (status, code, param), answer.text
    assert EMAIL not in answer.text
    assert "whsec" not in answer.text
