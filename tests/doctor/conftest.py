"""A healthy installation for test money: served, with a mail server, backups, and an endpoint at Stripe."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr
from werkzeug.serving import make_server

from app import db, ids
from app.config import Settings
from app.doctor.examine import examine
from app.doctor.views import FindingBody, report_body
from app.stripe_events.endpoints import rows
from app.stripe_events.models import StripeEndpoint
from tests.api.mail_server import MailServer, mail_server
from tests.cast import Merchant
from tests.conftest import Drain, deliver_to
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.waiting import join

LIVE_SECRET = "whsec_for_live_events"
POLL_SECONDS = 0.02
"""How often a server looks whether it is to end."""


@dataclass
class Installation:
    """An installation, in which a test plants a fault."""

    settings: Settings
    path: str
    shop: Emulator
    at_stripe: Endpoint
    mail: MailServer

    @property
    def endpoint_id(self) -> str:
        """The endpoint's id, `whe_…`."""
        return self.path.rpartition("/")[2]

    def change(self, **changes: Any) -> None:
        """Change settings."""
        self.settings = self.settings.model_copy(update=changes)

    @contextmanager
    def endpoint(self) -> Iterator[StripeEndpoint]:
        """The endpoint's row, to change it."""
        with db.transaction() as session:
            yield session.get_one(StripeEndpoint, ids.decode(self.endpoint_id, ids.STRIPE_ENDPOINT))

    def found(self, limit_seconds: float = 20.0) -> Mapping[str, FindingBody]:
        """What the checks find, by code."""
        report = examine(self.settings, db.transaction, limit_seconds=limit_seconds)
        return {finding.code: finding for finding in report_body(report).findings}


@contextmanager
def serving(application: Callable[..., Any]) -> Iterator[str]:
    """Serve an application on this machine; gives its address."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    join(thread)


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def installation(
    application: Flask, settings: Settings, merchant: Merchant, webhook_path: str, drain: Drain, tmp_path: Path
) -> Iterator[Installation]:
    """Nothing is wrong with it."""
    backups = tmp_path / "backups"
    backups.mkdir()
    (backups / "accrual.dump").write_text("rows")
    deliver_to(application, webhook_path)(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    with serving(application) as url, Emulator(now=int(time.time())) as shop, mail_server() as mail:
        made = Installation(settings, webhook_path, shop, shop.endpoint(f"{url}{webhook_path}"), mail)
        made.change(public_url=url, stripe_api_base=shop.url, backup_dir=backups, mail_from="shop@example.com")
        made.change(smtp_url=SecretStr(mail.url))
        with made.endpoint() as endpoint:
            rows.set_api_key(endpoint, shop.key, settings)
        yield made
