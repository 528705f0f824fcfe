"""Fills the tables with settled subscriptions: settles one, and copies it with all rows that settling inserted.

A copy is the whole row with other ids, so that new columns need no change here. Foreign keys and triggers are disabled
while rows are copied; the copies comply with both. Payloads are left out, as their retention would have deleted them.
"""

import json
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Composable, Identifier, Literal

from app import ids
from bench import documents, inbox
from bench.documents import TOKEN
from bench.installation import Installation, libpq_url
from worker.inbox import drain

SLICE: Final = 5_000
"""Subscriptions copied in one transaction."""
NUMBER: Final = "N" * 8
"""Placeholder in a template for the number of the copied subscription, in hexadecimal digits."""
TIME_DIGITS: Final = 24
"""The beginning of a UUID's text that copies share; an index of the id and the copy's number follow."""

_TABLES = SQL("""
    SELECT table_name, max(column_name) FILTER (WHERE is_identity = 'YES')
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version'
    GROUP BY table_name ORDER BY table_name
""")
_INSERT = SQL("""
    INSERT INTO {table} OVERRIDING SYSTEM VALUE
    SELECT copy.* FROM generate_series({first}, {last}) AS number
    CROSS JOIN LATERAL jsonb_populate_record(
        NULL::{table},
        replace(replace({template}, {token}, lpad(number::text, 10, '0')), {mark}, lpad(to_hex(number), 8, '0'))::jsonb
        || {fresh}
    ) AS copy
""")


def fill(installation: Installation, subscriptions: int, months: int) -> None:
    """Insert settled subscriptions of the merchant, numbered from 0, each paid for `months` months."""
    story = documents.story(months)
    inbox.fill(installation, (*story.beginning, *story.renewals[: months - 1]))
    with psycopg.connect(libpq_url(installation.settings), autocommit=True) as connection:
        before = _rows(connection)
        while drain.work_batch():
            pass
        templates = _templates(before, _rows(connection))
        for first in range(0, subscriptions, SLICE):
            last = min(first + SLICE, subscriptions) - 1
            with connection.transaction():
                connection.execute("SET LOCAL session_replication_role = replica")
                for table, template, identity in templates:
                    _copy(connection, table, template, identity, first, last)
    inbox.tidy(installation)


def _copy(connection: psycopg.Connection, table: str, template: str, identity: str, first: int, last: int) -> None:
    fresh: Composable = SQL("'{}'::jsonb")
    if identity:
        sequence = Literal(f"{table}_{identity}_seq")
        fresh = SQL("jsonb_build_object({}, nextval({}))").format(Literal(identity), sequence)
    connection.execute(
        _INSERT.format(
            table=Identifier(table),
            first=Literal(first),
            last=Literal(last),
            template=Literal(template),
            token=Literal(TOKEN),
            mark=Literal(NUMBER),
            fresh=fresh,
        )
    )


def _rows(connection: psycopg.Connection) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """By table: its identity column ("" if it has none) and its rows."""
    tables = {}
    for table, identity in connection.execute(_TABLES).fetchall():
        query = SQL("SELECT to_jsonb(original) FROM {} AS original").format(Identifier(table))
        tables[table] = (identity or "", [row for (row,) in connection.execute(query).fetchall()])
    return tables


def _templates(
    before: dict[str, tuple[str, list[dict[str, Any]]]], after: dict[str, tuple[str, list[dict[str, Any]]]]
) -> list[tuple[str, str, str]]:
    """The rows that settling inserted: table, row with placeholders in its ids, and the table's identity column.

    Rows that all subscriptions share, such as ledger accounts and sums, contain no id of the subscription and are left
    out.
    """
    made = [
        (table, row, identity)
        for table, (identity, rows) in after.items()
        for row in rows
        if row not in before[table][1] or table == "stripe_events"
    ]
    own = _own_ids([row for _, row, _ in made if _is_uuid(row.get("id"))])
    templates = []
    for table, row, identity in made:
        text = json.dumps(row | ({"payload": ""} if "payload" in row else {}))
        marked = _marked(text, own)
        if marked != text or TOKEN in text:
            templates.append((table, marked, identity))
    return templates


def _own_ids(rows: list[dict[str, Any]]) -> set[str]:
    """The ids of the rows that contain an id of the subscription, or of another such row."""
    own = {row["id"] for row in rows if TOKEN in json.dumps(row)}
    while more := {row["id"] for row in rows if own & set(map(str, row.values()))} - own:
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
