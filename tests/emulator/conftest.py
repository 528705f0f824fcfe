"""An emulated Stripe, and the ways its events reach the receiver."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from tests.conftest import WEBHOOK_SECRET
from tests.stripe_stories.families import OLD_AND_NEW, Family

from .delivery import Endpoint
from .emulator import Emulator

Connect = Callable[..., Endpoint]


@pytest.fixture
def shop() -> Iterator[Emulator]:
    """A small Stripe on loopback."""
    with Emulator() as shop:
        yield shop


@pytest.fixture(params=OLD_AND_NEW, ids=lambda family: family.name)
def family(request: pytest.FixtureRequest) -> Family:
    return request.param


@pytest.fixture
def connect(shop: Emulator, client: FlaskClient, webhook_path: str) -> Connect:
    """Point an endpoint of the emulator at our receiver, and deliver to it."""

    def post(body: bytes, headers: dict[str, str]) -> int:
        return client.post(webhook_path, data=body, headers=headers).status_code

    def connect(**options: object) -> Endpoint:
        return shop.endpoint(post, secrets=[WEBHOOK_SECRET], **options)

    return connect
