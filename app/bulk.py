"""Bulk insert, update and look-up: many rows in one statement.

All rows are sent as one JSON parameter, which Postgres expands with `json_to_recordset`: one round trip and one plan
for any number of rows. A row of twelve columns takes about 13 µs; multi-row VALUES takes several times as long.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, Row, Table, any_, false, literal, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import Base

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # the library leaves it untyped

JsonRow = Mapping[str, Any]


def insert(session: Session, model: type[Base], rows: Sequence[JsonRow], *, tail: str = "") -> list[Row[Any]]:
    """Insert `rows` in their order with one statement.

    Args:
        session: executes the statement.
        model: the table's model.
        rows: mappings with the same keys, which are column names.
        tail: the end of the statement, such as `ON CONFLICT … DO UPDATE SET …` or `RETURNING …`.

    Returns:
        The rows of `RETURNING`; without it an empty list.
    """
    if not rows:
        return []
    columns = tuple(rows[0])
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f"INSERT INTO {_table(model).name} ({names}) SELECT {names} FROM {given(model, columns)} {tail}"
    result = session.execute(text(statement), {"rows": encode(rows)})
    return list(result.all()) if "RETURNING" in tail else []


def update(session: Session, model: type[Base], rows: Sequence[JsonRow], *, key: Sequence[str]) -> None:
    """Update with one statement: each row's columns are set on the record with the same `key` columns."""
    if not rows:
        return
    columns = tuple(rows[0])
    table = _table(model).name
    changes = ", ".join(f'"{name}" = given."{name}"' for name in columns if name not in key)
    match = " AND ".join(f'{table}."{name}" = given."{name}"' for name in key)
    statement = f"UPDATE {table} SET {changes} FROM {given(model, columns)} WHERE {match}"
    session.execute(text(statement), {"rows": encode(rows)})


def among(column: InstrumentedAttribute[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """SQL condition: the column has one of these values, of which there may be any number.

    They are sent as one array, because a statement has at most 65,535 parameters, and `in_` takes one for each value.
    No value is a condition that is false, for which Postgres reads nothing: for an empty array it reads an index.
    """
    chosen = list(values)
    return column == any_(literal(chosen, ARRAY(column.type))) if chosen else false()


@cache
def given(model: type[Base], columns: tuple[str, ...]) -> str:
    """The FROM item `given`: the parameter `:rows` expanded into `columns` with the types of the model."""
    table = _table(model)
    typed = ", ".join(f'"{name}" {_DIALECT.type_compiler_instance.process(table.c[name].type)}' for name in columns)
    return f"json_to_recordset(CAST(:rows AS json)) AS given({typed})"


def encode(rows: Sequence[JsonRow]) -> str:
    """`rows` as JSON text for the parameter of `given`; UUIDs and times become text."""
    return orjson.dumps(rows).decode()


def encode_one(value: Mapping[str, Any]) -> str:
    """One mapping as JSON text, for a `jsonb` column."""
    return orjson.dumps(value).decode()


def _table(model: type[Base]) -> Table:
    assert isinstance(model.__table__, Table)
    return model.__table__
