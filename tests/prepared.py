"""The shop that nearly every test begins with: made once by the domain's own functions, its rows copied after that."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app import db

from .cast import Merchant

Rows = Mapping[str, str]
"""Table → its rows as a JSON array."""


class PreparedShops:
    """Shops by what they pay, each with the rows that making it left in an empty database."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Merchant, Rows]] = {}

    def open(self, commission: Mapping[str, Any], holdback_days: int, make: Callable[[], Merchant]) -> Merchant:
        """The shop of these terms in this process's database; `make` makes it the first time."""
        key = json.dumps([commission, holdback_days], sort_keys=True)
        if key not in self._made:
            if _has_organizations():
                return make()  # the rows of two owners could not be distinguished
            self._made[key] = (make(), _read_rows())
        elif not _has_organization(self._made[key][0].organization_id):
            _insert(self._made[key][1])
        shop, _ = self._made[key]
        return Merchant(shop.organization_id, shop.program_id, dict(shop.partners))


def _has_organizations() -> bool:
    with db.transaction() as session:
        return bool(session.scalar(text("SELECT EXISTS (SELECT FROM organizations)")))


def _has_organization(organization_id: UUID) -> bool:
    query = text("SELECT EXISTS (SELECT FROM organizations WHERE id = :id)")
    with db.transaction() as session:
        return bool(session.scalar(query, {"id": organization_id}))


def _tables() -> list[str]:
    return [table.name for table in db.Base.metadata.sorted_tables]


def _read_rows() -> Rows:
    """What every table holds; one query."""
    columns = ", ".join(f"(SELECT json_agg({table})::text FROM {table})" for table in _tables())
    with db.transaction() as session:
        found = session.execute(text(f"SELECT {columns}")).one()
    return {table: rows for table, rows in zip(_tables(), found, strict=True) if rows is not None}


def _insert(rows: Rows) -> None:
    """Insert them all in one statement, at whose end foreign keys are looked at."""
    inserts = ", ".join(
        f"t_{table} AS (INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, :{table}))"
        for table in rows
    )
    with db.transaction() as session:
        session.execute(text(f"WITH {inserts} SELECT 1"), dict(rows))
