"""The lively example of `accrual demo --keep` in a test's own database, made in this process."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from app import db
from app.cli.demo.documents import Document
from app.cli.demo.example import making, people
from app.cli.demo.example.making import Example
from app.cli.demo.ledger_clock import LedgerClock
from app.cli.merchants.offer import Offer
from app.cli.server import bootstrap
from app.cli.server.bootstrap import Bootstrapped
from app.cli.stripe import delivery
from app.config import Settings
from worker.inbox.drain import work_batch
from worker.payouts import reserving


@dataclass(frozen=True)
class ShopInProcess:
    """The example's shop, with the application and the workers in this process."""

    application: Flask
    made: Bootstrapped
    clock: LedgerClock

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.made.api_key}"}
        with self.application.test_client().open(path, method=method, json=body, headers=headers) as answer:
            assert answer.status_code < 300, (method, path, answer.text)
            return answer.get_json(silent=True)

    def visit(self, path: str) -> None:
        with self.application.test_client().get(path, headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"}) as answer:
            assert answer.status_code == 302

    def deliver(self, events: Sequence[Document]) -> None:
        path = f"/webhooks/stripe/{self.made.webhook_url.rpartition('/')[2]}"
        client = self.application.test_client()
        for event in events:
            body = json.dumps(event).encode()
            signature = delivery.sign(body, self.made.webhook_secret, at_seconds=int(time.time()))
            assert client.post(path, data=body, headers={"Stripe-Signature": signature}).status_code == 200
        while work_batch():
            pass

    def wait(self) -> None:
        reserving.work_slice(60)

    def set_clock(self, moment: datetime | None) -> None:
        if moment is None:
            self.clock.reset()
        else:
            self.clock.set(moment)


def make(application: Flask, settings: Settings, clock: LedgerClock) -> tuple[ShopInProcess, Example]:
    """Make the example in an empty database; payouts must be switched on. The owner signs in with `people.OWNER`."""
    with db.transaction() as session:
        offered = Offer(landing_url=people.LANDING_URL)
        made = bootstrap.make(session, settings, people.SHOP, people.OWNER, new_key=True, offered=offered)
    shop = ShopInProcess(application, made, clock)
    return shop, making.make(shop, made.program_id, datetime.now(UTC))
