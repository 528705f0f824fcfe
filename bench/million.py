"""Fills the tables of a busy merchant: settles one payment, and copies it with all rows that settling inserted.

Each copy is the whole row with other ids and times, so that new columns need no change here. Foreign keys and triggers
are disabled while rows are copied; the copies comply with both.
"""

import time
from typing import Final, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from bench import documents, inbox
from bench.installation import Installation, libpq_url
from worker import schedule

PARTNERS: Final = 1_000
BUSIEST_SHARE: Final = 10
"""Every tenth commission belongs to the first partner; the other partners share the rest."""
DAYS: Final = 730
"""The payments are spread over these days."""
PATIENCE_SECONDS: Final = 60

_COPIES = SQL("""
    CREATE UNLOGGED TABLE copies AS
    SELECT number, uuidv7(ago) AS payment_id, uuidv7(ago) AS conversion_id, uuidv7(ago) AS commission_id,
           uuidv7(ago) AS entry_id, now() + ago AS moment,
           CASE WHEN number % {busiest} = 0 THEN 1 ELSE 1 + number % {partners} END AS partner_number
    FROM (
        SELECT number, make_interval(secs => {seconds} * (number - {copies})::float8 / {copies}) AS ago
        FROM generate_series(1, {copies}) AS number
    ) AS spread
""")
_PEOPLE = SQL("""
    CREATE UNLOGGED TABLE people AS
    SELECT number AS partner_number,
           CASE WHEN number = 1 THEN (SELECT id FROM partners) ELSE gen_random_uuid() END AS partner_id,
           CASE WHEN number = 1 THEN (SELECT id FROM snapshots) ELSE gen_random_uuid() END AS snapshot_id
    FROM generate_series(1, {partners}) AS number
""")
_BOOKS = """
    CREATE UNLOGGED TABLE books AS
    SELECT people.partner_number, accounts.id AS original_id,
           CASE WHEN accounts.partner_id IS NULL OR people.partner_number = 1 THEN accounts.id
                ELSE gen_random_uuid() END AS account_id
    FROM people CROSS JOIN accounts
"""


def fill(installation: Installation, commissions: int) -> None:
    """Insert `commissions` further commissions of `PARTNERS` partners for the merchant of a running installation."""
    with psycopg.connect(libpq_url(installation.settings), autocommit=True) as connection:
        connection.execute("UPDATE snapshots SET holdback_days = NULL")
        connection.execute("UPDATE terms SET holdback_days = NULL")  # so that the clock does not approve them
        inbox.fill(installation, documents.story(months=1).beginning)
        _await_postings(connection)
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            shape = {
                "copies": Literal(commissions),
                "partners": Literal(PARTNERS),
                "busiest": Literal(BUSIEST_SHARE),
                "seconds": Literal(DAYS * 86_400),
            }
            connection.execute(_COPIES.format(**shape))
            connection.execute(_PEOPLE.format(**shape))
            connection.execute(_BOOKS)
            _copy_partners(connection)
            _copy_payments(connection)
            connection.execute("DROP TABLE copies, people, books")
    inbox.tidy(installation)
    schedule.advance_sums()


def _await_postings(connection: psycopg.Connection) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while connection.execute("SELECT count(*) FROM postings").fetchone() == (0,):
        if time.monotonic() > deadline:
            raise RuntimeError(f"there are no postings after {PATIENCE_SECONDS} seconds")
        time.sleep(0.1)


def _copy_partners(connection: psycopg.Connection) -> None:
    name = "'copy-' || partner_number"
    others = "people WHERE partner_number > 1"
    _copy(connection, "partners", others, id="partner_id", email=f"{name} || '@example.com'", slug=name)
    _copy(connection, "snapshots", others, id="snapshot_id", partner_id="partner_id")
    owned = "books JOIN people USING (partner_number) WHERE original_id = original.id AND account_id <> original_id"
    _copy(connection, "accounts", owned, id="account_id", partner_id="partner_id")


def _copy_payments(connection: psycopg.Connection) -> None:
    whose = "copies JOIN people USING (partner_number)"
    _copy(connection, "payments", "copies", id="payment_id", key="'invoice:in_copy' || number", occurred_at="moment")
    _copy(connection, "conversions", whose, id="conversion_id", payment_id="payment_id", partner_id="partner_id")
    _copy(
        connection,
        "commissions",
        whose,
        id="commission_id",
        conversion_id="conversion_id",
        partner_id="partner_id",
        snapshot_id="snapshot_id",
        accrued_at="moment",
    )
    _copy(
        connection,
        "journal_entries",
        "copies",
        id="entry_id",
        idempotency_key="commission_id || ':1'",
        occurred_at="moment",
        xid="pg_current_xact_id()::text",
    )
    _copy(
        connection,
        "posted_commissions",
        whose,
        commission_id="commission_id",
        partner_id="partner_id",
        earned_at="moment",
    )
    booked = "copies JOIN books USING (partner_number) WHERE original_id = original.account_id"
    _copy(connection, "postings", booked, entry_id="entry_id", commission_id="commission_id", account_id="account_id")


def _copy(connection: psycopg.Connection, table: str, source: LiteralString, **changed: LiteralString) -> None:
    """Copy the present rows of `table` (`original`) once for every row of `source`, with other values in `changed`."""
    pairs = SQL(", ").join(SQL("{}, copied.{}").format(Literal(name), Identifier(name)) for name in changed)
    values = SQL(", ").join(SQL("{} AS {}").format(SQL(value), Identifier(name)) for name, value in changed.items())
    connection.execute(
        SQL("""
            INSERT INTO {table}
            SELECT copy.*
            FROM {table} AS original
            CROSS JOIN LATERAL (SELECT {values} FROM {source}) AS copied
            CROSS JOIN LATERAL jsonb_populate_record(original, jsonb_build_object({pairs})) AS copy
        """).format(table=Identifier(table), values=values, source=SQL(source), pairs=pairs)
    )
