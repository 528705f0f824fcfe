"""Runs, asked for and worked in this process."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.stripe_events import requesting, runs
from app.stripe_events.replaying import Selection
from app.stripe_events.runs_models import StripeRun
from tests.api.conftest import caller_of
from tests.cast import Merchant
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER
from worker import runs as working

AskReplay = Callable[..., StripeRun]
Renewals = Callable[[int], list[Event]]


@pytest.fixture
def ask_replay(merchant: Merchant) -> AskReplay:
    """Ask for a replay of the shop's events: `ask_replay(type_="invoice.paid")`."""

    def ask(**wanted: Any) -> StripeRun:
        with db.transaction() as session:
            selection = Selection([merchant.organization_id], **wanted)
            return requesting.replay(session, merchant.organization_id, selection, requested_by="tests")

    return ask


@pytest.fixture
def renewals() -> Renewals:
    """The events of one subscription of Cleo's, through Ada, and of so many renewals."""

    def renewals(count: int) -> list[Event]:
        cleo = Customer(CLOVER, Marks(subscription="ada"))
        first = cleo.subscribes()
        return [*first.events, *(event for _ in range(count) for event in cleo.renews(first).events)]

    return renewals


def claim() -> runs.Run:
    """Take the next run, as a worker does that then dies."""
    with db.transaction() as session:
        run = runs.claim(session)
    assert run is not None
    return run


def stand(run: StripeRun) -> StripeRun:
    """How a run stands now."""
    with db.transaction() as session:
        return session.get_one(StripeRun, run.id)


def let_time_pass(**span: float) -> None:
    """Whatever lies in the runs' rows lies so much longer ago."""
    with db.transaction() as session:
        moved = text("UPDATE stripe_runs SET heartbeat_at = heartbeat_at - CAST(:span AS interval)")
        session.execute(moved, {"span": timedelta(**span)})


def work_to_its_end(run: StripeRun) -> StripeRun:
    """Work slices until this run has ended."""
    while stand(run).finished_at is None:
        assert working.work_slice(20), stand(run).problem
    return stand(run)


__all__ = ["caller_of"]
