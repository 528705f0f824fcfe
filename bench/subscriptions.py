"""Fills the tables with settled subscriptions: settles one, and copies it with all rows that settling inserted.

A copy is the whole row with other ids, partner and times, so that new columns need no change here. Foreign keys and
triggers are disabled while rows are copied; the copies comply with both, and with every rule of `accrual verify`.
Payloads are left out, as their retention would have deleted them.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from psycopg.sql import SQL, Composable, Identifier, Literal
from sqlalchemy import select

from app import db, ids
from app.ledger import checkpoints
from app.partners import enrollment
from app.partners.models import Partner, Snapshot
from app.programs import programs
from app.programs.models import Program
from bench import documents, inbox
from bench.documents import TOKEN
from bench.installation import CODE, Installation, libpq_url
from worker import schedule
from worker.inbox import drain
from worker.ledger import balances

PARTNERS: Final = 1_000
BUSIEST_SHARE: Final = 10
"""Every tenth subscription belongs to the first partner; the other partners share the rest."""
SPREAD: Final = timedelta(days=28)
"""The billing days of the subscriptions are spread over this part of each month."""
SLICE: Final = 5_000
"""Subscriptions copied in one transaction."""
NUMBER: Final = "N" * 8
"""Placeholder in a template for the number of the copied subscription, in hexadecimal digits."""
TIME_DIGITS: Final = 24
"""The beginning of a UUID's text that copies share; an index of the id and the copy's number follow."""
NEVER: Final = "1970-01-01T00:00:00+00:00"

_TABLES = SQL("""
    SELECT table_name, max(column_name) FILTER (WHERE is_identity = 'YES'),
           coalesce(array_agg(column_name::text) FILTER (WHERE data_type = 'timestamp with time zone'), '{}')
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version'
    GROUP BY table_name ORDER BY table_name
""")
_PARTNERS = "CREATE TEMPORARY TABLE copied_partners (place int PRIMARY KEY, code text, ids text[])"
_INSERT = SQL("""
    INSERT INTO {table} OVERRIDING SYSTEM VALUE
    SELECT copy.* FROM generate_series({first}, {last}) AS number
    JOIN copied_partners AS partner ON partner.place = {partner}
    CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, {text}::jsonb || jsonb_build_object({fresh})) AS copy
""")
_PARTNER_OF = SQL("CASE WHEN number % {busiest} = 0 THEN 0 ELSE number % {others} + 1 END").format(
    busiest=Literal(BUSIEST_SHARE), others=Literal(PARTNERS - 1)
)
_ONE_EACH = SQL("number")


@dataclass(frozen=True)
class _Table:
    """A table with its identity column ("" if it has none), its columns with a time, and its rows."""

    identity: str
    times: Sequence[str]
    rows: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class _Template:
    """A row to copy: its JSON with placeholders, and SQL expressions of the columns that differ in each copy."""

    table: str
    text: str
    fresh: dict[str, Composable]


def code_of(number: int) -> str:
    """The code of the partner that subscription `number` is referred by."""
    return _code(0 if number % BUSIEST_SHARE == 0 else number % (PARTNERS - 1) + 1)


def fill(installation: Installation, subscriptions: int, months: int, *, one_each: bool = False) -> None:
    """Insert settled subscriptions of the merchant, numbered from 0, each paid for `months` months.

    Commissions of all months but the last are approved. Statistics are advanced to the end.

    Args:
        installation: whose tables are filled.
        subscriptions: their number.
        months: how many months each has paid.
        one_each: each belongs to a partner of its own; else as `code_of` says.
    """
    partners, partner_of = (subscriptions, _ONE_EACH) if one_each else (PARTNERS, _PARTNER_OF)
    story = documents.story(months)
    events = (*story.beginning, *story.renewals[: months - 1])
    inbox.fill(installation, events)
    with psycopg.connect(libpq_url(installation.settings), autocommit=True) as connection:
        before = _tables(connection)
        _settle(now=events[-1].occurred_at)
        after = _tables(connection)
        made = [
            (name, row)
            for name, table in after.items()
            for row in table.rows
            if name == "stripe_events" or row not in before[name].rows
        ]
        originals = _enroll_partners(connection, made, partners)
        templates = _templates(after, made, SPREAD / subscriptions)
        accounts = [
            _Template(name, json.dumps(row), {}) for name, row in made if name == "accounts" and row["partner_id"]
        ]
        _copy(connection, accounts, originals, range(1, partners), SQL("number"))
        for first in range(0, subscriptions, SLICE):
            _copy(connection, templates, originals, range(first, min(first + SLICE, subscriptions)), partner_of)
    inbox.tidy(installation)
    advance_sums()
    inbox.tidy(installation)


def _code(partner: int) -> str:
    return f"partner-{partner}" if partner else CODE


def _settle(now: datetime) -> None:
    """Settle all due events, and approve what is mature at `now`."""
    while drain.work_batch():
        pass
    schedule.approve_mature(now)


def _enroll_partners(
    connection: psycopg.Connection, made: Sequence[tuple[str, dict[str, Any]]], partners: int
) -> list[str]:
    """Enroll the other partners, and store the ids that rows of theirs have in place of the first partner's.

    Returns:
        The ids of the first partner, of its snapshot and of its accounts, in the order of `copied_partners.ids`.
    """
    originals: list[str] = []
    connection.execute(_PARTNERS)
    with db.transaction() as session, connection.cursor().copy("COPY copied_partners FROM STDIN") as copy:
        snapshot = session.scalars(select(Snapshot)).one()
        first = session.get_one(Partner, snapshot.partner_id)
        program = session.get_one(Program, first.program_id)
        accounts = [row["id"] for table, row in made if table == "accounts" and row["partner_id"]]
        originals = [str(first.id), str(snapshot.id), *accounts]
        copy.write_row((0, _code(0), originals))
        for number in range(1, partners):
            partner = enrollment.create_partner(
                session, program, email=f"{_code(number)}@example.com", slug=_code(number)
            )
            enrollment.change_status(session, partner, "active")
            snapshot_id = session.scalars(select(Snapshot.id).where(Snapshot.partner_id == partner.id)).one()
            own = [str(partner.id), str(snapshot_id), *(str(uuid4()) for _ in accounts)]
            copy.write_row((number, _code(number), own))
    return originals


def _copy(
    connection: psycopg.Connection,
    templates: Sequence[_Template],
    originals: Sequence[str],
    numbers: range,
    partner: Composable,
) -> None:
    """Insert a copy of each template for every one of `numbers`, in one transaction."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for template in templates:
            changes: list[tuple[str, Composable]] = [
                (TOKEN, SQL("lpad(number::text, {}, '0')").format(len(TOKEN))),
                (NUMBER, SQL("lpad(to_hex(number), 8, '0')")),
                (json.dumps(CODE), SQL("to_json(partner.code)::text")),
                *((original, SQL("partner.ids[{}]").format(place)) for place, original in enumerate(originals, 1)),
            ]
            text: Composable = Literal(template.text)
            for original, changed in changes:
                text = SQL("replace({}, {}, {})").format(text, Literal(original), changed)
            statement = _INSERT.format(
                table=Identifier(template.table),
                first=Literal(numbers[0]),
                last=Literal(numbers[-1]),
                partner=partner,
                text=text,
                fresh=SQL(", ").join(SQL("{}, {}").format(name, value) for name, value in template.fresh.items()),
            )
            connection.execute(statement)


def _tables(connection: psycopg.Connection) -> dict[str, _Table]:
    tables = {}
    for name, identity, times in connection.execute(_TABLES).fetchall():
        query = SQL("SELECT to_jsonb(original) FROM {} AS original").format(Identifier(name))
        tables[name] = _Table(identity or "", times, [row for (row,) in connection.execute(query).fetchall()])
    return tables


def _templates(
    tables: dict[str, _Table], made: Sequence[tuple[str, dict[str, Any]]], step: timedelta
) -> list[_Template]:
    """The rows of the subscription among those that settling `made`, with placeholders in its ids.

    Rows that all subscriptions share, such as ledger accounts and sums, contain no id of the subscription and are left
    out. All times of a copy are later than those of its predecessor by `step`. Entries are recorded in the order in
    which they happened, and all of them before now.
    """
    latest = max(datetime.fromisoformat(row["occurred_at"]) for name, row in made if name == "journal_entries")
    ahead = latest + SPREAD - datetime.now(UTC)
    own = _own_ids([row for _, row in made if _is_uuid(row.get("id"))])
    templates = []
    for name, row in made:
        text = json.dumps(row | ({"payload": ""} if "payload" in row else {}))
        marked = _marked(text, own)
        if marked == text and TOKEN not in text:
            continue
        fresh: dict[str, Composable] = {
            column: SQL("CAST({} AS timestamptz) + number * {}").format(row[column], step)
            for column in tables[name].times
            if row[column] not in (None, NEVER)
        }
        if "recorded_at" in row:
            recorded_at = SQL("CAST({} AS timestamptz) - {} + number * {}")
            fresh["recorded_at"] = recorded_at.format(row["occurred_at"], ahead, step)
        if tables[name].identity:
            fresh[tables[name].identity] = SQL("nextval({})").format(f"{name}_{tables[name].identity}_seq")
        if "xid" in row:
            fresh["xid"] = SQL("pg_current_xact_id()::text")
        templates.append(_Template(name, marked, fresh))
    return templates


def _own_ids(rows: list[dict[str, Any]]) -> set[str]:
    """The ids of the rows that contain an id of the subscription, or of another such row."""
    texts = {row["id"]: json.dumps(row) for row in rows}
    own = {row_id for row_id, text in texts.items() if TOKEN in text}
    while more := {row_id for row_id, text in texts.items() if _marked(text, own) != text} - own:
        own |= more
    return own


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def _marked(text: str, own: set[str]) -> str:
    """`text` with a placeholder in every id of `own`, as UUID and as public id."""
    for index, row_id in enumerate(sorted(own)):
        text = text.replace(row_id, f"{row_id[:TIME_DIGITS]}{index:04x}{NUMBER}")
        encoded = ids.encode(ids.COMMISSION, UUID(row_id)).removeprefix(f"{ids.COMMISSION}_")
        text = text.replace(encoded, f"{encoded[:14]}{index:04x}{NUMBER}")
    return text


def advance_sums() -> None:
    """Advance the statistics to the last entry; the clock does it in slices of a few seconds."""
    is_behind = True
    while is_behind:
        schedule.advance_sums()
        with db.transaction() as session:
            is_behind = bool(checkpoints.behind(session, programs.days_of_all(session)))


def advance_balances() -> None:
    """Make the checkpoints of balances up to now; the clock does it in slices of a few seconds."""
    with db.transaction() as session:
        every = programs.days_of_all(session)
    for program in every:
        balances.advance_program(program, math.inf)
