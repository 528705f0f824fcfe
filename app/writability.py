"""Whether Postgres can write, and why not."""

from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

CANNOT_WRITE: Final = {"53100": "disk_full", "53400": "disk_full", "58030": "disk_full", "25006": "read_only"}
"""Why Postgres cannot write, by SQLSTATE: disk full, limit of temporary files, I/O error, standby.

Source: Postgres manual, "PostgreSQL Error Codes".
"""
_WRITE_SOMETHING: Final = text("""
    WITH settings AS MATERIALIZED (SELECT set_config('work_mem', '64kB', true))
    SELECT pg_current_xact_id(), max(sorted.filler), current_setting('transaction_read_only') = 'on' AS is_read_only
    FROM settings, (SELECT number, repeat('x', 100) AS filler FROM generate_series(1, 10000) AS number
                    ORDER BY md5(number::text) OFFSET 0) AS sorted
""")


def write_problem(connection: Connection) -> str | None:
    """Why this database cannot be written to now (`disk_full`, `read_only`); None if it can.

    Sorts more than fits into memory, so that Postgres writes a megabyte to its disk, and requests a transaction id,
    which only a primary assigns. Nothing stays stored.

    Raises:
        DBAPIError: the database failed for another reason.
    """
    try:
        is_read_only = connection.execute(_WRITE_SOMETHING).one().is_read_only
        connection.commit()
    except DBAPIError as failure:
        connection.rollback()
        problem = CANNOT_WRITE.get(getattr(failure.orig, "sqlstate", None) or "")
        if problem is None:
            raise
        return problem
    return "read_only" if is_read_only else None
