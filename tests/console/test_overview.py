"""The overview's sums over several programs."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, event, text

from app import db
from app.commissions.analytics import figures, overview
from app.programs.models import Program
from tests.api.sales import sell
from tests.cast import Merchant, enroll, open_program
from worker import schedule

NOW = datetime.now(UTC)


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements of the block."""
    seen: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    yield seen
    event.remove(engine, "before_cursor_execute", keep)


def load(merchant: Merchant) -> overview.Overview:
    with db.transaction() as session:
        return overview.load(session, [merchant.organization_id], livemode=False)


def test_overview_is_the_sum_of_its_programs_and_asks_no_more_for_two_than_for_one(
    database: Engine, merchant: Merchant
) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1, sold_at=NOW - timedelta(days=3))
    with counted(database) as of_one:
        load(merchant)
    with db.transaction() as session:
        second = Merchant(merchant.organization_id, open_program(session, merchant))
        session.execute(text("UPDATE programs SET time_zone = 'Pacific/Auckland' WHERE NOT is_default"))
        enroll(session, second, "zoe")
        sell(session, second, "zoe", 2, currency="eur", sold_at=NOW - timedelta(days=2))
        sell(session, second, "zoe", 3, base_minor=1000, sold_at=NOW - timedelta(days=80))
    schedule.advance_sums()
    with db.transaction() as session:
        sell(session, merchant, "ben", 4, base_minor=700, sold_at=NOW)
        sell(session, second, "zoe", 5, base_minor=900, sold_at=NOW)
    with counted(database) as of_two:
        shown = load(merchant)
    assert len(of_two) == len(of_one)
    assert {one.currency: one.accrued_cents for one in shown.owed} == {"usd": 980 + 200 + 140 + 180, "eur": 980}
    assert {(one.date, one.currency): one.earned_cents for one in shown.series if one.earned_cents} == expected(
        merchant, second
    )
    assert [one.date for one in shown.series] == sorted(one.date for one in shown.series)
    assert {one.currency for one in shown.series} == {"usd", "eur"}


def expected(*programs: Merchant) -> dict[tuple[object, str], int]:
    """What each program's own figures say, added up."""
    found: dict[tuple[object, str], int] = defaultdict(int)
    with db.transaction() as session:
        for one in programs:
            program = session.get_one(Program, one.program_id)
            for day, earned in figures.analyse(
                session, program, livemode=False, first=None, last=None, leaders=0
            ).series:
                found[day, earned.currency] += earned.earned_minor
    return {key: minor for key, minor in found.items() if minor}
