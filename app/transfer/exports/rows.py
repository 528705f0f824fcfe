"""Reads the rows of the exported tables as JSON text, one at a time, so that memory does not grow with their number."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.transfer.exports.tables import EXPORTED, ExportedTable

ROWS_AT_ONCE: Final = 500
LARGE_ROWS_AT_ONCE: Final = 20

_COLUMNS: Final = text("""
    SELECT class.relname AS table_name, attribute.attname AS name, attribute.attidentity <> '' AS is_identity,
           array_position(key.indkey::smallint[], attribute.attnum) AS key_position
    FROM pg_class AS class
    JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
    LEFT JOIN pg_index AS key ON key.indrelid = class.oid AND key.indisprimary
    WHERE class.relnamespace = 'public'::regnamespace AND class.relname = ANY (:tables)
      AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ORDER BY class.relname, attribute.attnum
""")

# Organizations above what is exported are not in the archive. Of affiliates that belong to no exported organization
# there is only what their enrollments need: who they are is their own affair.
_ORGANIZATIONS: Final = """
    WITH RECURSIVE ordered AS (
        SELECT organization.*, 0 AS depth FROM organizations AS organization
        WHERE id = ANY (:owners) AND (parent_id IS NULL OR NOT parent_id = ANY (:owners))
        UNION ALL
        SELECT child.*, depth + 1 FROM organizations AS child JOIN ordered ON child.parent_id = ordered.id
        WHERE child.id = ANY (:owners)
    )
    SELECT id, CASE WHEN depth > 0 THEN parent_id END AS parent_id, kind, name, email, email_salt, created_at
    FROM (
        SELECT id, parent_id, kind, name, email, email_salt, created_at, depth FROM ordered
        UNION ALL
        SELECT id, NULL, 'affiliate', 'affiliate', NULL, gen_random_uuid(), created_at, 0 FROM organizations
        WHERE NOT id = ANY (:owners) AND id IN (
            SELECT partner_organization_id FROM partners WHERE organization_id = ANY (:owners)
        )
    ) AS listed
    ORDER BY depth, id
"""


@immutable
class Column:
    """A column of a table; `key_position` is its place in the primary key, None outside it."""

    name: str
    is_identity: bool
    key_position: int | None


@immutable
class Scope:
    """Whose rows are exported: those of these organizations, of one mode or, with None, of both."""

    owners: tuple[UUID, ...]
    livemode: bool | None


def load_columns(session: Session) -> dict[str, tuple[Column, ...]]:
    """The columns of every exported table, in their order in the database."""
    found: dict[str, list[Column]] = {name: [] for name in EXPORTED}
    for row in session.execute(_COLUMNS, {"tables": list(EXPORTED)}):
        found[row.table_name].append(Column(row.name, row.is_identity, row.key_position))
    return {name: tuple(columns) for name, columns in found.items()}


def exported_columns(table: str, columns: Sequence[Column]) -> tuple[str, ...]:
    """The names of the columns that an archive has."""
    return tuple(column.name for column in columns if column.name not in EXPORTED[table].left_out)


def stream(
    session: Session, table: str, columns: Sequence[Column], scope: Scope, *, is_sealed: bool
) -> Iterator[bytes]:
    """Each row of a table in this scope as a line of JSON without its end, in the order of the primary key.

    Args:
        session: reads all rows, always the same: a transaction of REPEATABLE READ.
        table: an exported table.
        columns: all of its columns.
        scope: whose rows.
        is_sealed: whether the sealed columns are read, as they are stored; else they are null.
    """
    chosen = _query(table, columns, scope, is_sealed=is_sealed)
    query = text(f"SELECT row_to_json(exported_row)::text FROM ({chosen}) AS exported_row")
    values: Mapping[str, object] = {"owners": list(scope.owners), "livemode": scope.livemode}
    used = {name: values[name] for name in query.compile().params}
    at_once = LARGE_ROWS_AT_ONCE if EXPORTED[table].has_large_rows else ROWS_AT_ONCE
    lines = session.scalars(query, used, execution_options={"yield_per": at_once})
    return (line.encode() for line in lines)


def _query(table: str, columns: Sequence[Column], scope: Scope, *, is_sealed: bool) -> str:
    if table == "organizations":
        return _ORGANIZATIONS
    rules = EXPORTED[table]
    selected = ", ".join(_selected(name, rules, is_sealed=is_sealed) for name in exported_columns(table, columns))
    keyed = [column for column in columns if column.key_position is not None]
    key = ", ".join(f'"{column.name}"' for column in sorted(keyed, key=lambda column: column.key_position or 0))
    mode = "" if scope.livemode is None else _of_mode(rules, columns)
    return f"SELECT {selected} FROM {table} WHERE organization_id = ANY (:owners) {mode} ORDER BY {key}"


def _selected(name: str, rules: ExportedTable, *, is_sealed: bool) -> str:
    if name in rules.replaced:
        return f'{rules.replaced[name]} AS "{name}"'
    if not is_sealed and (name in rules.sealed or name in rules.with_sealed):
        return f'{rules.with_sealed.get(name, "NULL::text")} AS "{name}"'
    return f'"{name}"'


def _of_mode(rules: ExportedTable, columns: Sequence[Column]) -> str:
    if rules.follows is not None:
        table, reference = rules.follows
        return f"AND {reference} IN (SELECT id FROM {table} WHERE livemode = :livemode)"
    if any(column.name == "livemode" for column in columns):
        return "AND (livemode = :livemode OR livemode IS NULL)"
    return ""
