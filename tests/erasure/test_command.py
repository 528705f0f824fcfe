"""`accrual erase`, its logs, and a drain that runs at the same time."""

from datetime import UTC, datetime
from threading import Thread

import pytest
from sqlalchemy import text

from app import db
from app.commissions.settling.settlement import Cause
from app.organizations.actors import CLI
from app.transfer.erasure import commands
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.platform.conftest import Accrual, accrual
from tests.waiting import eventually, join

from .conftest import Story, told
from .person import ADDRESS, traces
from .test_customers import found, marks_in

__all__ = ["accrual"]


def test_command_erases_and_neither_it_nor_the_worker_writes_the_person_into_a_log(
    accrual: Accrual, deliver: Deliver, drain: Drain, capfd: pytest.CaptureFixture[str]
) -> None:
    story = told()
    deliver(story.events)
    drain()
    done = accrual("erase", ADDRESS)
    assert (done["customers"], done["partners"], done["exports"]) == ([story.customer.id], [], [])
    assert done["id"].startswith("era_")
    deliver(story.renew())
    drain()
    printed = accrual("erase", story.customer.id, json_expected=False).stdout
    assert story.customer.id in printed
    written = capfd.readouterr()
    assert "batch_worked" in written.out
    assert traces(written.out + written.err + printed) == []
    assert found() == {}


def test_a_drain_that_read_documents_before_the_tombstones_ends_first(
    story: Story, merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    deliver(story.renew())
    with db.transaction() as holder:
        locked = "SELECT FROM stripe_objects WHERE id = :id FOR UPDATE"
        holder.execute(text(locked), {"id": story.customer.id})
        drainer = Thread(target=drain)
        drainer.start()
        eventually(lambda: waiting() == 1)
        with db.transaction() as session:
            begun = commands.begin(session, CLI, merchant.organization_id, ADDRESS)
        eraser = Thread(target=finish, args=(begun,))
        eraser.start()
        eventually(lambda: waiting() == 2)
    join(drainer, eraser)
    assert found() == {}
    assert found(*marks_in(merchant.organization_id)).keys() == {"tombstones"}


def waiting() -> int:
    """How many transactions of this database wait for a lock."""
    with db.transaction() as session:
        blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return int(session.scalar(text(blocked)) or 0)


def finish(begun: commands.Erasure) -> None:
    with db.transaction() as session:
        commands.finish(session, begun, Cause("command line", datetime.now(UTC)))
