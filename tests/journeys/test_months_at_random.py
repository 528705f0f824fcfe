"""Statements and balances of random histories, compared with what plain Python makes of the rows of the ledger.

The clock jumps, also backwards; the time zone changes; checkpoints are made at any time; amounts become negative.
"""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import text

from app import db, ids
from app.errors import NotFound
from app.integrity import verify
from app.ledger.checkpoints import ProgramDays
from app.ledger.recorded_time import balance_checkpoints, fences, past_balances
from app.partners.models import Partner
from app.programs.models import Program
from app.statements import queries, views
from app.statements.models import Statement
from tests import cast
from tests.api.sales import sell
from tests.cast import Merchant
from tests.ledger.statistics import move
from tests.ledger_clock import ledger_clock
from tests.servers import Servers
from worker.ledger.balances import advance
from worker.ledger.months import close_due

ZONES: Final = ("UTC", "America/New_York", "Pacific/Auckland", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Kiritimati")
OWED: Final = ("partner_accrued", "partner_payable", "payout_clearing")
ENDED: Final = ("partner_paid", "platform_fee", "written_off")
INSTANT: Final = timedelta(microseconds=1)
BEGIN: Final = datetime(2026, 1, 20, tzinfo=UTC)
STEPS: Final = 60

Key = tuple[UUID, bool, str]
"""A partner, a mode and a currency."""


def days_of(shop: Merchant) -> ProgramDays:
    return ProgramDays(shop.program_id, shop.organization_id, "UTC")


class Row(NamedTuple):
    """A posting."""

    program_id: UUID
    key: Key
    entry_id: UUID
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    account: str
    amount_minor: int


def rows() -> list[Row]:
    """Every posting, with the partner of its commission."""
    query = text("""
        SELECT commission.program_id, commission.partner_id, commission.livemode, posting.currency, entry.id,
               entry.kind, entry.occurred_at, entry.recorded_at, account.kind, posting.amount_minor
        FROM postings AS posting JOIN journal_entries AS entry ON entry.id = posting.entry_id
        JOIN accounts AS account ON account.id = posting.account_id
        JOIN commissions AS commission ON commission.id = posting.commission_id
    """)
    with db.transaction() as session:
        return [Row(row[0], (row[1], row[2], row[3]), *row[4:]) for row in session.execute(query)]


def sums(postings: Sequence[Row]) -> dict[Key, dict[str, int]]:
    """Credits less debits, by account."""
    found: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys((*OWED, *ENDED), 0))
    for row in postings:
        if row.account != "commission_expense":
            found[row.key][row.account] -= row.amount_minor
    return dict(found)


def documented_hash(statement: Statement, postings: Sequence[Row]) -> str:
    """The hash as `docs/concepts/ledger.md` describes it."""

    def written(moment: datetime) -> str:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    listed = [
        [str(row.entry_id), row.kind, written(row.occurred_at), written(row.recorded_at), row.account, row.amount_minor]
        for row in postings
    ]
    document: dict[str, Any] = {
        "schema": "accrual.statement.1",
        "id": ids.encode("stm", statement.id),
        "begins_at": written(statement.begins_at),
        "ends_at": written(statement.ends_at),
        "previous_hash": statement.previous_hash,
        "postings": sorted(listed),
    }
    return sha256(json.dumps(document, separators=(",", ":")).encode()).hexdigest()


def go_on(chance: random.Random, shop: Merchant) -> list[tuple[Merchant, datetime]]:
    """What the clock may do, or a caller who asks for a balance; the fence if one was taken."""
    match chance.randrange(8):
        case 0:
            advance()
        case 1 | 2:
            close_due()
        case 3 | 4:
            with db.transaction() as session:
                fenced_at = fences.fence(session, shop.organization_id, shop.program_id)
            if chance.random() < 0.5:
                with db.transaction() as session:
                    balance_checkpoints.advance(session, days_of(shop), fenced_at, many=2, steps=2)
            return [(shop, fenced_at)]
    return []


def assert_previews(shop: Merchant, code: str, *, livemode: bool) -> None:
    """The running month made of balances is the one made of every posting."""
    with db.transaction() as session:
        partner = session.get_one(Partner, shop.partners[code])
        previews = queries.load_previews(session, partner, livemode=livemode)
        for one in previews:
            same, _ = queries.get_preview(session, partner, one.currency, livemode=livemode)
            assert views.summary(one, is_preview=True) == views.summary(same, is_preview=True)
        shown = {one.currency for one in previews}
        for currency in {"usd", "jpy", "kwd"} - shown:
            with pytest.raises(NotFound):
                queries.get_preview(session, partner, currency, livemode=livemode)


@pytest.mark.parametrize("seed", range(4))
def test_statements_and_balances_are_those_of_the_rows(
    merchant: Merchant, servers: Servers, database_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    with db.transaction() as session:
        other = cast.open_merchant(session, "Other")
        for code in ("ada", "eve"):
            cast.enroll(session, other, code)
        session.execute(text("UPDATE programs SET created_at = :at"), {"at": BEGIN})
    now, sold = BEGIN + timedelta(days=1), []
    fenced: list[tuple[Merchant, datetime]] = []
    with ledger_clock(servers, database_url) as clock:
        for number in range(1, STEPS):
            now += timedelta(seconds=chance.choice([1, 3600, 86400 * 3, 86400 * 9, -3600 * 30, -86400 * 4]))
            clock.set(now)
            shop = chance.choice([merchant, other])
            with db.transaction() as session:
                match chance.randrange(6):
                    case 0 | 1:
                        is_live = chance.random() < 0.2
                        made = sell(
                            session,
                            shop,
                            chance.choice(sorted(shop.partners)),
                            number,
                            base_minor=chance.randrange(100, 9000),
                            currency=chance.choice(["usd", "usd", "jpy", "kwd"]),
                            livemode=is_live,
                        )
                        sold += [] if is_live else [(shop, made.commission_id)]
                    case 2 | 3 if sold:
                        owner, commission_id = chance.choice(sold)
                        source, target = chance.sample((*OWED, *ENDED, "commission_expense"), 2)
                        move(session, owner, commission_id, source, target, chance.randrange(1, 5000))
                    case 4:
                        session.get_one(Program, shop.program_id).time_zone = chance.choice(ZONES)
                    case _:
                        pass
            fenced += go_on(chance, shop)
            assert_previews(shop, chance.choice(sorted(shop.partners)), livemode=chance.random() < 0.2)
        clock.set(max(now, BEGIN + timedelta(days=150)))
        close_due()
    postings = rows()
    assert_statements(postings, [merchant, other])
    for shop in (merchant, other):
        edges = {row.recorded_at for row in postings if row.program_id == shop.program_id}
        moments = [*edges, *(at for each, at in fenced if each is shop)]
        picked = chance.sample(moments, min(len(moments), 12))
        assert_balances(postings, shop, [at + step for at in picked for step in (-INSTANT, 0 * INSTANT, INSTANT)])
    with db.transaction() as session:
        broken = {breach.rule for breach in verify.verify(session)}
    assert not broken & {verify.BALANCES, verify.CHAINS, verify.STATEMENTS}


def assert_statements(postings: Sequence[Row], shops: Sequence[Merchant]) -> None:
    with db.transaction() as session:
        months = session.execute(
            text("SELECT program_id, month, begins_at, ends_at FROM statement_periods ORDER BY program_id, month")
        ).all()
        kept = {
            (one.program_id, one.month, (one.partner_id, one.livemode, one.currency)): one
            for one in session.query(Statement)
        }
    for shop in shops:
        last: dict[Key, Statement] = {}
        own = [row for row in postings if row.program_id == shop.program_id]
        for _, month, begins_at, ends_at in [each for each in months if each.program_id == shop.program_id]:
            of_month = [row for row in own if begins_at <= row.recorded_at < ends_at]
            at_end = sums([row for row in own if row.recorded_at < ends_at])
            due = {row.key for row in of_month} | {
                key for key, figures in at_end.items() if any(figures[name] for name in OWED)
            }
            assert due == {key for program_id, of, key in kept if (program_id, of) == (shop.program_id, month)}
            for key in due:
                statement, former = kept.pop((shop.program_id, month, key)), last.get(key)
                lines = [row for row in of_month if row.key == key]
                assert statement.number == (former.number + 1 if former else 1)
                assert statement.previous_hash == (former.hash if former else None)
                assert statement.hash == documented_hash(statement, lines)
                for name, account in zip(("accrued", "payable", "clearing"), OWED, strict=True):
                    before = getattr(former, f"closing_{name}_minor") if former else 0
                    assert getattr(statement, f"opening_{name}_minor") == before
                    assert getattr(statement, f"closing_{name}_minor") == at_end[key][account]
                moved = sums(lines).get(key, dict.fromkeys((*OWED, *ENDED), 0))
                assert [statement.paid_minor, statement.fee_minor, statement.written_off_minor] == [
                    moved[name] for name in ENDED
                ]
                assert statement.earned_minor == sum(moved.values())
                last[key] = statement
    assert not kept


def assert_balances(postings: Sequence[Row], shop: Merchant, moments: Sequence[datetime]) -> None:
    for at in moments:
        known = [row for row in postings if row.program_id == shop.program_id and row.recorded_at <= at]
        for livemode in (False, True):
            due = {
                (key[0], key[2]): tuple(figures.values()) for key, figures in sums(known).items() if key[1] == livemode
            }
            with db.transaction() as session:
                found = past_balances.load(session, days_of(shop), at + INSTANT, livemode=livemode)
            names = ("accrued", "payable", "clearing", "paid", "fee", "written_off")
            shown = {
                (one.partner_id, one.currency): tuple(getattr(one, f"{name}_minor") for name in names) for one in found
            }
            assert shown == due
