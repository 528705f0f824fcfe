"""Runs beside drains, decisions and other runs, about the very same commissions: no cent is paid twice or lost."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import db, ids
from app.config import Settings
from app.errors import Conflict
from app.organizations.actors import CLI
from app.partners.models import Partner
from app.payouts.models import Payout, PayoutRun
from app.payouts.reserving import commands as runs
from app.payouts.reserving import reservation
from app.payouts.reserving.requests import RunRequest
from app.payouts.steps import bans, write_offs
from app.payouts.steps import commands as steps
from app.programs.models import Program
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Tally, assert_ledger_sound
from worker import retries
from worker.inbox.drain import work_batch
from worker.payouts import reserving

from .payout_years import sales
from .payout_years.living import open_year
from .payout_years.rows import columns_of, pots_of
from .payout_years.shop import now
from .payout_years.year import Bought, Year
from .together import run_together

pytestmark = pytest.mark.proof

SAMPLE, ALL = 1, 25
"""How often each race is run."""
SALES = 10
PATIENCE = 20
"""How often a person repeats what a deadlock ended."""

Work = Callable[[], None]

_IN_PAYOUTS = text("""
    SELECT line.commission_id, payout.status, sum(line.gross_minor)::bigint AS gross_minor
    FROM payout_lines AS line JOIN payouts AS payout ON payout.id = line.payout_id
    GROUP BY line.commission_id, payout.status
""")
_OF_PAYOUTS = text("""
    SELECT payout.id, payout.gross_minor,
           (SELECT sum(gross_minor) FROM payout_lines WHERE payout_id = payout.id)::bigint AS lines_minor
    FROM payouts AS payout
""")
_RESERVED = text("""
    SELECT split_part(entry.idempotency_key, ':', 1) AS payout_id, -sum(posting.amount_minor)::bigint AS minor
    FROM journal_entries AS entry JOIN postings AS posting ON posting.entry_id = entry.id
    JOIN accounts AS account ON account.id = posting.account_id AND account.kind = 'payout_clearing'
    WHERE entry.kind = 'payout' GROUP BY 1
""")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("number", range(ALL if metafunc.config.getoption("--proofs") else SAMPLE))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"payouts_live": True})


@pytest.fixture
def year(number: int, merchant: Merchant, deliver: Deliver, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> Year:
    """Some sales, most of them approved; a batch of a run has two partners."""
    monkeypatch.setitem(reservation.reserve_batch.__kwdefaults__, "partners", 2)
    year = open_year(random.Random(number), merchant, deliver, drain)
    for _ in range(SALES):
        sales.sells(year)
    for bought in year.chance.sample(year.bought, SALES - 3):
        assert sales.decide(year, bought, is_approval=True) is None
    return year


def test_run_beside_drains_and_decisions_pays_each_cent_once(year: Year, tally: Tally) -> None:
    returning = year.chance.sample(year.bought, SALES // 2)
    arrive(year, returning)
    waiting = [bought for bought in year.bought if bought.sale.verdict is None]
    rejected = [bought for bought in returning if bought not in waiting][:2]
    barrier = run_together(
        db.engine(),
        [
            lambda: drain_by(year.chance.choice([1, 3])),
            lambda: run(year),
            lambda: decide(year, waiting, is_approval=True),
            lambda: decide(year, rejected, is_approval=False),
            lambda: write_off(year),
        ],
    )
    assert_every_cent_once(year)
    tally("commits of runs, drains and decisions that met", barrier.met)


def test_two_runs_at_once_pay_each_cent_once(year: Year, tally: Tally) -> None:
    arrive(year, year.chance.sample(year.bought, 2))
    barrier = run_together(db.engine(), [lambda: run(year), lambda: run(year), reserve, lambda: drain_by(2)])
    assert_every_cent_once(year)
    tally("commits of two runs that met", barrier.met)


def test_endings_of_the_same_payouts_at_once_leave_one(year: Year, tally: Tally) -> None:
    """Confirmed, failed, canceled and its run canceled, while refunds of its commissions come in."""
    run(year)
    arrive(year, year.chance.sample(year.bought, 3))
    endings = [
        lambda: end_all(lambda session, payout: steps.confirm(session, CLI, payout, now())),
        lambda: end_all(lambda session, payout: steps.fail(session, CLI, payout, now(), reason="no such account")),
        lambda: end_all(lambda session, payout: steps.cancel(session, CLI, payout, now())),
        cancel_runs,
    ]
    year.chance.shuffle(endings)
    barrier = run_together(db.engine(), [*endings[:3], lambda: drain_by(2)])
    assert_every_cent_once(year)
    with db.transaction() as session:
        assert "pending" not in session.scalars(select(Payout.status)).all()
    tally("commits of endings that met", barrier.met)


def test_ban_beside_a_run_leaves_nothing_pending(year: Year, tally: Tally) -> None:
    def ban() -> None:
        with db.transaction() as session:
            bans.ban(session, CLI, session.get_one(Partner, year.merchant.partners["eva"]), now())

    barrier = run_together(db.engine(), [lambda: run(year), lambda: patiently(ban), lambda: drain_by(1)])
    assert_every_cent_once(year)
    with db.transaction() as session:
        pending = select(Payout).where(Payout.status == "pending", Payout.partner_id == year.merchant.partners["eva"])
        assert session.scalars(pending).all() == []
    tally("commits of bans and runs that met", barrier.met)


def arrive(year: Year, returning: Iterable[Bought]) -> None:
    """Refunds of these sales, the whole or a part, wait in the inbox."""
    for bought in returning:
        year.deliver(
            bought.is_refunded(year.chance.choice([bought.left_minor, year.chance.randint(1, bought.left_minor)]))
        )


def drain_by(limit: int) -> None:
    while work_batch(limit):
        pass


def run(year: Year) -> None:
    """Ask for a run and reserve it; while another reserves, that one is worked."""

    def create() -> None:
        with db.transaction() as session:
            runs.create(session, CLI, session.get_one(Program, year.merchant.program_id), RunRequest(), livemode=False)

    patiently(create)
    reserve()


def reserve() -> None:
    while reserving.work_slice(0.2):
        pass


def decide(year: Year, every: Sequence[Bought], *, is_approval: bool) -> None:
    for bought in every:
        patiently(lambda bought=bought: sales.decide(year, bought, is_approval=is_approval))  # type: ignore[misc]


def write_off(year: Year) -> None:
    """End a cent of what is payable to someone, if so much is."""

    def end() -> None:
        with db.transaction() as session:
            partner = session.get_one(Partner, year.merchant.partners["eva"])
            write_offs.write_off(
                session, CLI, partner, now(), livemode=False, currency="usd", amount_minor=1, reason="too little"
            )

    patiently(end)


def end_all(end: Callable[[Session, Payout], object]) -> None:
    with db.transaction() as session:
        payout_ids = session.scalars(select(Payout.id)).all()

    def end_one(payout_id: UUID) -> None:
        with db.transaction() as session:
            end(session, session.get_one(Payout, payout_id))

    for payout_id in payout_ids:
        patiently(lambda payout_id=payout_id: end_one(payout_id))  # type: ignore[misc]


def cancel_runs() -> None:
    def cancel() -> None:
        with db.transaction() as session:
            for one in session.scalars(select(PayoutRun)).all():
                runs.cancel(session, CLI, one, now())

    patiently(cancel)


def patiently(work: Work) -> None:
    """Do it as a person would: again after a deadlock, and content with a refusal."""
    for _ in range(PATIENCE):
        try:
            work()
        except Conflict:
            return
        except DBAPIError as failure:
            if retries.action_after(failure) is not retries.FailureAction.RETRY_NOW:
                raise
        else:
            return
    raise AssertionError("a deadlock each time")


def assert_every_cent_once(year: Year) -> None:
    """Each commission is worth what the oracle says, and what is in payouts is exactly what the ledger says of them."""
    with db.transaction() as session:
        pots, columns = pots_of(session), columns_of(session)
        in_payouts = session.execute(_IN_PAYOUTS).all()
        reserved = {row.payout_id: row.minor for row in session.execute(_RESERVED)}
        payouts = session.execute(_OF_PAYOUTS).all()
    assert {key: found for key, found in columns.items() if found} == pots
    for bought in year.bought:
        bought.sale.settles()
        for commission in bought.sale.commissions:
            assert sum(pots.get(commission.id, {}).values()) == commission.worth_minor, commission
    under_way, paid = Counter[str](), Counter[str]()
    for row in in_payouts:
        if row.status == "paid":
            paid[str(row.commission_id)] += row.gross_minor
        elif row.status not in ("failed", "canceled"):
            under_way[str(row.commission_id)] += row.gross_minor
    for commission in year.commissions:
        found = Counter(pots.get(commission.id, {}))
        assert found["clearing"] == under_way[commission.id]
        assert found["paid"] + found["fee"] == paid[commission.id]
    assert reserved == {ids.encode(ids.PAYOUT, row.id): row.gross_minor for row in payouts}
    assert all(row.gross_minor == row.lines_minor for row in payouts)
    assert_ledger_sound()
