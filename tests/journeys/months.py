"""What stories of months do, and what statements there are then."""

from datetime import UTC, datetime

from app import db
from app.programs.models import Program
from app.statements import queries
from app.statements.models import Statement
from tests.api.sales import sell
from tests.cast import Merchant
from tests.ledger_clock import LedgerClock
from worker.ledger.months import close_due

PATIENCE = 30


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def sell_at(clock: LedgerClock, shop: Merchant, written: str, number: int, code: str = "ada", **sale: object) -> str:
    """A sale that is recorded at a time, and happened then; gives its commission."""
    clock.set(moment(written))
    with db.transaction() as session:
        return sell(session, shop, code, number, sold_at=moment(written), **sale).commission_id  # type: ignore[arg-type]


def close_at(clock: LedgerClock, written: str) -> None:
    clock.set(moment(written))
    close_due()


def statements(shop: Merchant, code: str = "ada") -> dict[str, Statement]:
    """The partner's statements by month."""
    with db.transaction() as session:
        page = queries.list_statements(session, [shop.partners[code]], livemode=False, limit=100)
    return {f"{one.month:%Y-%m}": one for one in page.rows}


def lines(statement: Statement) -> list[tuple[str, str, int]]:
    """Kind, day of happening and what it changed of what is owed."""
    with db.transaction() as session:
        recorded = queries.load_lines(session, statement)
    owed = [line for line in recorded if line.account in ("partner_accrued", "partner_payable", "payout_clearing")]
    return [(line.kind, f"{line.occurred_at:%Y-%m-%d}", -line.amount_minor) for line in owed]


def owed(statement: Statement) -> tuple[int, int]:
    """What is owed when it opens and closes."""
    opening = statement.opening_accrued_minor + statement.opening_payable_minor + statement.opening_clearing_minor
    closing = statement.closing_accrued_minor + statement.closing_payable_minor + statement.closing_clearing_minor
    return opening, closing


def set_zone(shop: Merchant, time_zone: str) -> None:
    with db.transaction() as session:
        session.get_one(Program, shop.program_id).time_zone = time_zone
