"""How much a reader must hold in mind to follow one event: functions, files and depth, measured while it happens.

The ceilings are today's figures. They may fall; they rose once, by the four functions that ask which endpoints listen
to outbound events.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

import pytest
from flask.testing import FlaskClient

from app import db
from app.explanations import explain
from tests.api.conftest import Caller, caller_of, owner
from tests.conftest import WEBHOOK_SECRET, Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.signing import signature_header
from worker.inbox.drain import work_batch

from .source import PACKAGES, ROOT

__all__ = ["caller_of", "owner"]

TWICE = range(2)
"""The second time is measured: the first, in a new process, also makes what the process keeps."""

OURS = tuple(f"{ROOT / package}/" for package in PACKAGES)


@dataclass
class Walk:
    """What was called of ours: functions by file and name, and how deep they stood in each other."""

    functions: set[tuple[str, str]] = field(default_factory=set)
    depth: int = 0
    _inside: int = 0

    def __enter__(self) -> Self:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if not code.co_filename.startswith(OURS) or code.co_name.startswith("<"):
            return
        if event == "call":
            self._inside += 1
            self.depth = max(self.depth, self._inside)
            self.functions.add((code.co_filename, code.co_qualname))
        elif event == "return":
            self._inside -= 1

    @property
    def files(self) -> set[str]:
        return {str(Path(file).relative_to(ROOT)) for file, _ in self.functions}

    @property
    def figures(self) -> tuple[int, int, int]:
        """Functions, files, depth."""
        return len(self.functions), len(self.files), self.depth


Post = Callable[[Event], None]


@pytest.fixture
def post(client: FlaskClient, webhook_path: str) -> Post:
    """Deliver over HTTP and process: all that one event costs."""

    def post(event: Event) -> None:
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": signature_header(body, WEBHOOK_SECRET)}
        assert client.post(webhook_path, data=body, headers=headers).status_code == 200
        assert work_batch() == 1

    return post


def assert_below(walk: Walk, functions: int, files: int, depth: int, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f" {walk.figures[0]} functions, {walk.figures[1]} files, depth {walk.figures[2]}", end=" ")  # noqa: T201
    assert len(walk.functions) <= functions
    assert len(walk.files) <= files
    assert walk.depth <= depth


def test_a_paid_invoice(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in TWICE:
        event = Customer(CLOVER, Marks(subscription="ada")).subscribes().event("invoice.paid")
        with Walk() as walk:
            post(event)
    assert_below(walk, 285, 68, 14, capsys)


def test_a_refund(post: Post, deliver: Deliver, drain: Drain, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in TWICE:
        cleo = Customer(CLOVER, Marks(subscription="ada"))
        first = cleo.subscribes()
        deliver(first.events)
        drain()
        refund = cleo.is_refunded(first, 1000)
        with Walk() as walk:
            post(refund.events[0])
    assert_below(walk, 267, 66, 15, capsys)


def test_a_list_of_commissions(
    owner: Caller, deliver: Deliver, drain: Drain, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    for _ in TWICE:
        with Walk() as walk:
            assert len(owner.get("/api/v1/commissions").json["commissions"]) == 1
    assert_below(walk, 51, 22, 8, capsys)


def test_an_explanation(deliver: Deliver, drain: Drain, capsys: pytest.CaptureFixture[str]) -> None:
    first = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    deliver(first.events)
    drain()
    for _ in TWICE:
        with Walk() as walk, db.transaction() as session:
            explain.explain(session, str(first.invoice))
    assert_below(walk, 82, 23, 16, capsys)
