"""The example's shop on servers that run: its API and receiver over HTTP."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.cli.demo.documents import Document
from app.cli.demo.ledger_clock import LedgerClock
from app.cli.server.bootstrap import Bootstrapped
from app.cli.stripe import delivery, send
from app.errors import Unavailable
from app.immutable import immutable
from app.runtime import http_client

SETTLE_SECONDS: Final = 30
JOB_SECONDS: Final = 0.1
BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@immutable
class RunningShop:
    """A shop on a running Accrual whose database this process is connected to."""

    url: str
    made: Bootstrapped
    clock: LedgerClock

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The content of the answer of our own API. Raises Unavailable unless it is a success."""
        return call(method, f"{self.url}{path}", self.made.api_key or "", body)

    def visit(self, path: str) -> None:
        """Open an address as a visitor's browser does."""
        http_client.call("GET", f"{self.url}{path}", headers={"User-Agent": BROWSER})

    def deliver(self, events: Sequence[Document]) -> None:
        """Post the events, signed, and wait until each has its outcome."""
        for event in events:
            post(self.made, event)
        wait_for_outcomes([event["id"] for event in events])

    def wait(self) -> None:
        """Give the workers time for a job."""
        time.sleep(JOB_SECONDS)

    def set_clock(self, moment: datetime | None) -> None:
        """Let the ledger record at `moment` and from there on; None: at the real time again."""
        if moment is None:
            self.clock.reset()
        else:
            self.clock.set(moment)


def post(made: Bootstrapped, event: Document) -> None:
    """Post an event to the shop's endpoint. Raises Unavailable unless it is stored."""
    status, answer = delivery.post(made.webhook_url, made.webhook_secret, event)
    if status != 200:
        raise Unavailable(f"{event['type']} was answered {status}: {answer}")


def wait_for_outcomes(stripe_ids: Sequence[str]) -> Mapping[str, str]:
    """The outcome of each event as a sentence. Raises Unavailable if one is not processed in time."""
    outcomes = send.wait_for_outcomes(stripe_ids, seconds=SETTLE_SECONDS)
    if missing := [stripe_id for stripe_id in stripe_ids if stripe_id not in outcomes]:
        raise Unavailable(f"{missing[0]} was not processed within {SETTLE_SECONDS} seconds")
    return outcomes


def call(method: str, url: str, api_key: str, body: Mapping[str, Any] | None = None) -> Any:
    """The content of the answer of our own API; anything but success ends the demo with Unavailable."""
    content = json.dumps(body).encode() if body is not None else None
    status, answer = http_client.call(method, url, content, {"Authorization": f"Bearer {api_key}"})
    if status >= 300:
        raise Unavailable(f"{method} {url} was answered {status}: {answer}")
    return answer
