"""The whole of Accrual under load, with -9 for every part of it at random moments.

The books are the oracle's, and a receiver gets every fact at least once, always under one id.

The suite kills each part once in a few events, `make proofs` ten times each in 20,000.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from app import config, db, ids
from app.errors import Unavailable
from app.runtime import embedded, http_client, stack
from tests import cast
from tests.conftest import WEBHOOK_SECRET, Tally
from tests.outbound.desk import SECRET, Desk, let_the_wait_pass
from tests.outbound.receivers import Handler, Received, Receiver, accept, receiving, refuse
from tests.stripe_stories.facts import Event
from tests.stripe_stories.signing import signature_header
from tests.waiting import PATIENCE_SECONDS, eventually

from .stories import assert_processed_once, customers, events_of, is_settled

pytestmark = [pytest.mark.proof, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

SEED = 20_260_302
PARTS = {
    "postgres": ("postgres", "-D"),
    "valkey": ("valkey",),
    "web": ("gunicorn",),
    "worker": ("-m", "worker"),
    "sender": ("-m", "outbound"),
    "clock": ("worker.schedule",),
}
"""By name, what stands in the command of each."""
OURS = {name for field_ in config.Settings.model_fields for name in (field_.upper(), f"ACCRUAL_{field_.upper()}")}
PROGRAM = (sys.executable, "-c", "from app.cli.main import main; main()")


class Up:
    """A running `accrual up`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir, self.port = data_dir, stack.free_port()
        self._environment = {name: value for name, value in os.environ.items() if name not in OURS}
        self._environment["ACCRUAL_OUTBOUND_ALLOW_PRIVATE"] = "true"
        command = [*PROGRAM, "up", "--port", str(self.port), "--data-dir", str(data_dir)]
        self._log = (data_dir / "up.log").open("w")
        self.process = subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self.process.stdout
        assert self.process.stdout.readline().startswith("ready")

    def pids(self, part: str) -> list[int]:
        """The processes of one part; what they start themselves left out."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [pid for pid in map(int, children) if _is_command_of(pid, PARTS[part])]

    def is_ready(self) -> bool:
        """Whether web and database answer."""
        try:
            return http_client.call("GET", f"http://127.0.0.1:{self.port}/readyz")[0] == 200
        except Unavailable:
            return False

    def run(self, command: str) -> int:
        """The exit code of an `accrual` command on this installation."""
        program = [*PROGRAM, command, "--data-dir", str(self.data_dir)]
        return subprocess.run(
            program, env=self._environment, stdout=self._log, stderr=self._log, check=False
        ).returncode

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        self._log.close()
        return self.process.returncode


def _is_command_of(pid: int, words: Sequence[str]) -> bool:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return all(any(part == word or part.rpartition("/")[2].startswith(word) for part in command) for word in words)


@dataclass
class Stripe:
    """Posts events in their order and comes again until each is acknowledged."""

    port: int
    path: str
    chance: random.Random
    acknowledged: int = 0
    refusals: list[int] = field(default_factory=list)

    def send(self, events: Sequence[Event]) -> None:
        for event in events:
            while not self._is_acknowledged(event):
                time.sleep(0.02)
            self.acknowledged += 1
            if self.chance.random() < 0.1:
                self._is_acknowledged(event)

    def _is_acknowledged(self, event: Event) -> bool:
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": signature_header(body, WEBHOOK_SECRET)}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", self.path, body, headers)
            status = connection.getresponse().status
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        if status != 200:
            self.refusals.append(status)
        return status == 200


@pytest.fixture
def up() -> Iterator[Up]:
    with tempfile.TemporaryDirectory(prefix="accrual-up-") as directory:
        running = Up(Path(directory))
        db.connect(embedded.owner_url(running.data_dir))
        yield running
        db.disconnect()
        assert running.stop() == 0


@pytest.fixture
def shop(up: Up) -> cast.Merchant:
    """A shop with a partner."""
    with db.transaction() as session:
        shop = cast.open_merchant(session, holdback_days=36_500)
        cast.enroll(session, shop, "ada")
    return shop


@pytest.fixture
def path(up: Up, shop: cast.Merchant) -> str:
    """Its webhook endpoint."""
    return cast.open_endpoint(shop.organization_id, config.load(up.data_dir), WEBHOOK_SECRET)


@pytest.fixture
def receiver(up: Up, shop: cast.Merchant) -> Iterator[Receiver]:
    """A receiver of the shop's outbound webhooks, which fails now and then."""
    chance = random.Random(SEED)
    fails = refuse(500)

    def behave(handler: Handler) -> None:
        (fails if chance.random() < 0.2 else accept)(handler)

    with receiving(then=behave) as receiver:
        Desk(shop, config.load(up.data_dir)).opens(receiver.url)
        yield receiver


def are_all_delivered() -> bool:
    """Whether no webhook is left to send, after letting the time pass that some of them wait."""
    let_the_wait_pass()
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM outbound_deliveries WHERE state <> 'delivered'")) == 0


def is_signed(got: Received) -> bool:
    """Whether the library signs it like that. It verifies only what is at most five minutes old."""
    signed_at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    signature = Webhook(SECRET).sign(got.headers["webhook-id"], signed_at, got.body.decode())
    return got.headers["webhook-signature"] == signature


def assert_every_fact_was_received(receiver: Receiver) -> None:
    """Each fact of the database is one message, which arrived with one body, signed; nothing else arrived."""
    with db.transaction() as session:
        stored = [tuple(row) for row in session.execute(text("SELECT id, type, data->>'id' FROM outbound_messages"))]
        earned = set(session.scalars(text("SELECT id FROM commissions WHERE entry_count > 0")))
    bodies: dict[str, set[bytes]] = {}
    for got in receiver.received:
        bodies.setdefault(got.headers["webhook-id"], set()).add(got.body)
        assert is_signed(got)
    assert bodies.keys() == {ids.encode(ids.OUTBOUND_MESSAGE, message_id) for message_id, _, _ in stored}
    assert all(len(different) == 1 for different in bodies.values())
    accrued = [data_id for _, kind, data_id in stored if kind == "commission.accrued"]
    assert sorted(accrued) == sorted(ids.encode(ids.COMMISSION, commission_id) for commission_id in earned)


def test_killing_any_process_under_load_leaves_the_ledger_right_and_loses_no_webhook(
    request: pytest.FixtureRequest, up: Up, path: str, receiver: Receiver, tally: Tally
) -> None:
    rounds, stories = (10, 1_400) if request.config.getoption("--proofs") else (1, 12)
    chance = random.Random(SEED)
    copies = customers(stories, disputed_every=5)
    events = events_of(copies)
    stripe = Stripe(up.port, path, chance)
    victims = [part for _ in range(rounds) for part in chance.sample(list(PARTS), len(PARTS))]
    moments = sorted(chance.sample(range(1, len(events)), len(victims)))
    with ThreadPoolExecutor(1) as sender:
        sent = sender.submit(stripe.send, events)
        for moment, victim in zip(moments, victims, strict=True):
            eventually(lambda moment=moment: stripe.acknowledged >= moment)  # type: ignore[misc]
            eventually(lambda victim=victim: up.pids(victim) != [])  # type: ignore[misc]
            os.kill(chance.choice(up.pids(victim)), signal.SIGKILL)
        sent.result()
    eventually(up.is_ready)  # the last kill may have been of Postgres
    eventually(is_settled)
    eventually(are_all_delivered)
    assert_processed_once(copies)
    assert_every_fact_was_received(receiver)
    assert set(stripe.refusals) <= {503}
    assert up.run("verify") == 0
    tally("parts of Accrual killed with -9 under load", len(victims))
    tally("events sent meanwhile, each acknowledged at last", len(events))
    tally("webhooks received meanwhile, of every fact at least one", len(receiver.received))
