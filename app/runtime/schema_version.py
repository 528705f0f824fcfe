"""The version of the schema: the newest migration of this version of Accrual, and whether a database has it.

Read without Alembic, because every web process answers /readyz, and Alembic with all migrations takes 8 MB.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"
_REVISION: Final = re.compile(r'^(revision|down_revision) = "(\w+)"$', re.MULTILINE)


@cache
def newest() -> str:
    """The revision of the newest migration, which is the only one that no other follows."""
    lines = [line for file in (MIGRATIONS / "versions").glob("*.py") for line in _REVISION.finditer(file.read_text())]
    followed = {line[2] for line in lines if line[1] == "down_revision"}
    [revision] = {line[2] for line in lines if line[1] == "revision"} - followed
    return revision


def is_current(connection: Connection) -> bool:
    """Whether the database has the newest schema; False also if it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found == newest()
