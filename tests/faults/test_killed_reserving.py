"""Workers that reserve payouts are killed at any moment and others continue: every partner is paid once."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app import db, jobs
from app.commissions.decisions.bulk_approval import ApprovalFilter, approve_matching
from app.config import Settings
from app.organizations.actors import CLI
from app.payouts.reserving import commands as runs
from app.payouts.reserving.requests import RunRequest
from app.programs.models import Program
from tests import cast
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Tally, assert_ledger_sound
from tests.properties.payout_years.rows import columns_of, pots_of
from tests.properties.payout_years.shop import METHODS, choose_method, now
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.waiting import eventually

from .habits import small_payout_batches
from .processes import Staff, kill_9

PARTNERS = 18
SAMPLE_DEATHS, ALL_DEATHS = 4, 60

_RUN = text("""
    SELECT run.status, count(*) FILTER (WHERE item.state = 'reserved') AS reserved
    FROM payout_runs AS run JOIN payout_run_items AS item ON item.run_id = run.id
    WHERE run.id = :id GROUP BY run.status
""")
_PAID = text("""
    SELECT payout.partner_id, payout.gross_minor, line.commission_id, line.gross_minor AS line_minor
    FROM payouts AS payout JOIN payout_lines AS line ON line.payout_id = payout.id
    WHERE payout.run_id = :id
""")
_FILES = text("""
    SELECT file.status, file.lines, file.net_minor, count(*) AS payouts, sum(payout.net_minor)::bigint AS payouts_minor
    FROM payouts AS payout LEFT JOIN payout_files AS file ON file.id = payout.file_id
    WHERE payout.run_id = :id GROUP BY file.id
""")
_PAYABLE = text("SELECT id, partner_id, payable_minor FROM commissions WHERE payable_minor <> 0")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"payouts_live": True})


@pytest.fixture
def codes(merchant: Merchant, settings: Settings) -> list[str]:
    """Partners that are paid in crypto."""
    codes = [f"p{number}" for number in range(PARTNERS)]
    with db.transaction() as session:
        for code in codes:
            cast.enroll(session, merchant, code)
            choose_method(session, merchant, code, METHODS["gus"])
    return codes


@pytest.mark.proof
def test_reserving_killed_at_any_moment_pays_every_partner_once(
    merchant: Merchant,
    codes: list[str],
    deliver: Deliver,
    drain: Drain,
    staff: Staff,
    tally: Tally,
    request: pytest.FixtureRequest,
) -> None:
    chance = random.Random(20_261_129)
    wanted = ALL_DEATHS if request.config.getoption("--proofs") else SAMPLE_DEATHS
    deaths = 0
    while deaths < wanted:
        for code in codes:
            deliver(Customer(CLOVER, Marks(subscription=code)).subscribes().events)
        drain()
        with db.transaction() as session:
            program = session.get_one(Program, merchant.program_id)
            every = ApprovalFilter(livemode=False, program=program)
            approve_matching(session, CLI, [merchant.organization_id], every, now())
        with db.transaction() as session:
            payable = session.execute(_PAYABLE).all()
            program = session.get_one(Program, merchant.program_id)
            run_id = runs.create(session, CLI, program, RunRequest(), livemode=False).id
        assert len(payable) == PARTNERS
        deaths += kill_until_reserved(staff, chance, run_id, most=wanted - deaths)
        assert_each_paid_once(run_id, payable)
    tally("workers killed while they reserved payouts", deaths)


def kill_until_reserved(staff: Staff, chance: random.Random, run_id: UUID, *, most: int) -> int:
    """Start a worker and kill it after none, one or two batches and a random moment, until the run is reserved.

    After `most` deaths a worker may live; gives how many died.
    """
    deaths = 0
    while True:
        before = run(run_id).reserved
        batches = chance.randint(0, 2) if deaths < most else PARTNERS
        worker = staff.asker(small_payout_batches)
        eventually(lambda: is_over(run_id) or run(run_id).reserved > before + 3 * batches - 1)  # noqa: B023
        time.sleep(chance.uniform(0, 0.04))
        is_early = not is_over(run_id)
        kill_9(worker)
        if not is_early:
            return deaths
        deaths += 1


def is_over(run_id: UUID) -> bool:
    """Whether all is reserved; queues the job again, as the clock does."""
    jobs.sweep(jobs.PAYOUT_RUNS)
    return bool(run(run_id).status != "reserving")


def run(run_id: UUID) -> Any:
    with db.transaction() as session:
        return session.execute(_RUN, {"id": run_id}).one()


def assert_each_paid_once(run_id: UUID, payable: Sequence[Any]) -> None:
    """The payouts of the run are exactly what was payable before it, one for each partner, all in one file."""
    with db.transaction() as session:
        paid = session.execute(_PAID, {"id": run_id}).all()
        assert session.execute(_PAYABLE).all() == []
        [file] = session.execute(_FILES, {"id": run_id}).all()
        assert {key: found for key, found in columns_of(session).items() if found} == pots_of(session)
    assert Counter((row.commission_id, row.partner_id, row.line_minor) for row in paid) == Counter(map(tuple, payable))
    assert Counter(row.partner_id for row in paid) == dict.fromkeys({row.partner_id for row in payable}, 1)
    assert (file.status, file.lines, file.net_minor) == ("current", file.payouts, file.payouts_minor)
    assert file.lines == PARTNERS
    assert_ledger_sound()
