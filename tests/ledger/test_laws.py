"""What the database refuses to every role."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app import db, ids
from tests import cast
from tests.servers import Servers

WORKER_AND_OWNER = pytest.mark.parametrize("role", [db.WORKER_ROLE, None], ids=["worker", "owner"])


@dataclass(frozen=True)
class Line:
    account_id: UUID
    amount_minor: int
    currency: str = "usd"
    livemode: bool = False


@dataclass(frozen=True)
class Journal:
    """An open transaction with two dollar accounts, two euro accounts, two of live dollars and one entry still open.

    All but the live accounts are of test money, and so is the entry.
    """

    connection: Connection
    organization_id: UUID
    expense: UUID
    accrued: UUID
    euro_expense: UUID
    euro_accrued: UUID
    live_expense: UUID
    live_accrued: UUID
    entry_id: UUID

    def post(self, *lines: Line, first_line: int = 1) -> None:
        """Insert `lines` into the entry in one statement."""
        rows = ", ".join(
            f"('{self.entry_id}', {number}, '{self.organization_id}', '{line.account_id}', "
            f"{line.amount_minor}, '{line.currency}', {line.livemode})"
            for number, line in enumerate(lines, first_line)
        )
        columns = "entry_id, line, organization_id, account_id, amount_minor, currency, livemode"
        self.connection.execute(text(f"INSERT INTO postings ({columns}) VALUES {rows}"))


@pytest.fixture
def shop(database: Engine) -> cast.Merchant:
    with db.transaction() as session:
        shop = cast.open_merchant(session)
        cast.enroll(session, shop, "ada")
    return shop


@pytest.fixture
def role() -> str | None:
    return db.WORKER_ROLE


@pytest.fixture
def journal(shop: cast.Merchant, database_url: str, role: str | None) -> Iterator[Journal]:
    engine = db.create(database_url, role=role)
    with engine.connect() as connection:
        accounts = [
            _open_account(connection, shop, kind, currency, livemode=livemode)
            for currency, livemode in (("usd", False), ("eur", False), ("usd", True))
            for kind in ("commission_expense", "partner_accrued")
        ]
        yield Journal(connection, shop.organization_id, *accounts, _open_entry(connection, shop))
    engine.dispose()


def _open_account(connection: Connection, shop: cast.Merchant, kind: str, currency: str, *, livemode: bool) -> UUID:
    account_id = ids.new()
    connection.execute(
        text("""
            INSERT INTO accounts (id, organization_id, program_id, partner_id, kind, currency, livemode)
            VALUES (:id, :organization_id, :program_id, :partner_id, :kind, :currency, :livemode)
        """),
        {
            "id": account_id,
            "organization_id": shop.organization_id,
            "program_id": shop.program_id,
            "partner_id": shop.partners["ada"] if kind == "partner_accrued" else None,
            "kind": kind,
            "currency": currency,
            "livemode": livemode,
        },
    )
    return account_id


def _open_entry(connection: Connection, shop: cast.Merchant) -> UUID:
    entry_id = ids.new()
    connection.execute(
        text("""
            INSERT INTO journal_entries
                (id, organization_id, livemode, kind, idempotency_key, occurred_at, cause, details)
            VALUES (:id, :organization_id, false, 'accrual', :key, now(), 'test', '{}')
        """),
        {"id": entry_id, "organization_id": shop.organization_id, "key": f"{entry_id}:1"},
    )
    return entry_id


def test_balanced_entry_is_accepted(journal: Journal) -> None:
    journal.post(Line(journal.expense, 980), Line(journal.accrued, -980))
    journal.connection.commit()
    assert journal.connection.scalar(text("SELECT count(*) FROM postings")) == 2


@WORKER_AND_OWNER
def test_an_unbalanced_entry_is_refused(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="unbalanced"):
        journal.post(Line(journal.expense, 980), Line(journal.accrued, -979))


@WORKER_AND_OWNER
def test_a_single_line_is_refused(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="unbalanced"):
        journal.post(Line(journal.expense, 980))


def test_two_lines_in_two_statements_are_refused_at_the_first(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="unbalanced"), journal.connection.begin_nested():
        journal.post(Line(journal.expense, 980))


@WORKER_AND_OWNER
def test_an_entry_in_two_currencies_is_refused(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="mixes currencies"):
        journal.post(
            Line(journal.expense, 980),
            Line(journal.accrued, -980),
            Line(journal.euro_expense, 5, "eur"),
            Line(journal.euro_accrued, -5, "eur"),
        )


def test_a_second_currency_in_a_second_statement_is_refused(journal: Journal) -> None:
    journal.post(Line(journal.expense, 980), Line(journal.accrued, -980))
    with pytest.raises(DBAPIError, match="mixes currencies"):
        journal.post(Line(journal.euro_expense, 5, "eur"), Line(journal.euro_accrued, -5, "eur"), first_line=3)


def test_a_posting_in_another_currency_than_its_account_is_refused(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="fk_postings_account_id_currency"):
        journal.post(Line(journal.expense, 980, "eur"), Line(journal.accrued, -980, "eur"))


def test_a_posting_of_another_mode_than_its_account_is_refused(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="fk_postings_account_id_currency_livemode"):
        journal.post(Line(journal.live_expense, 980), Line(journal.live_accrued, -980))


@WORKER_AND_OWNER
def test_live_postings_of_a_test_entry_are_refused(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="mixes live and test money"):
        journal.post(Line(journal.live_expense, 980, livemode=True), Line(journal.live_accrued, -980, livemode=True))


def test_a_posting_of_zero_is_refused(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="not_zero"):
        journal.post(Line(journal.expense, 0), Line(journal.accrued, 0))


@WORKER_AND_OWNER
def test_a_line_added_to_a_closed_entry_is_refused(journal: Journal) -> None:
    journal.post(Line(journal.expense, 980), Line(journal.accrued, -980))
    journal.connection.commit()
    with pytest.raises(DBAPIError, match="closed"):
        journal.post(Line(journal.expense, 5), Line(journal.accrued, -5), first_line=3)


CHANGES = [
    "UPDATE postings SET amount_minor = amount_minor * 2",
    "UPDATE journal_entries SET details = '{}'",
    "DELETE FROM postings",
    "DELETE FROM journal_entries",
    "TRUNCATE postings",
    "TRUNCATE journal_entries CASCADE",
    "UPDATE posted_commissions SET earned_at = now()",
    "DELETE FROM posted_commissions",
]


@pytest.mark.parametrize("statement", CHANGES)
@WORKER_AND_OWNER
def test_a_change_of_history_is_refused(journal: Journal, role: str | None, statement: str) -> None:
    journal.post(Line(journal.expense, 980), Line(journal.accrued, -980))
    journal.connection.commit()
    refusal = "never by edit" if role is None else "permission denied"
    with pytest.raises(DBAPIError, match=refusal):
        journal.connection.execute(text(statement))


@pytest.mark.parametrize("role", [None], ids=["owner"])
def test_a_change_that_would_touch_no_row_is_refused_all_the_same(journal: Journal) -> None:
    with pytest.raises(DBAPIError, match="never by edit"):
        journal.connection.execute(text("DELETE FROM postings WHERE false"))


SCHEMA_CHANGES = [
    "ALTER TABLE postings DISABLE TRIGGER ALL",
    "DROP TRIGGER refuse_change ON postings",
    "DROP TABLE postings",
    "CREATE OR REPLACE FUNCTION require_balance() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "SET session_replication_role = replica",
    "CREATE TABLE elsewhere (id int)",
]


@pytest.mark.parametrize("statement", SCHEMA_CHANGES)
def test_the_worker_cannot_switch_the_laws_off(journal: Journal, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"must be owner|permission denied"):
        journal.connection.execute(text(statement))


def test_a_batch_of_entries_reads_its_own_postings_of_all_there_are(
    journal: Journal, shop: cast.Merchant, servers: Servers, database_url: str
) -> None:
    journal.connection.commit()
    with servers.superuser(make_url(database_url).database or "") as superuser:
        superuser.execute("SET session_replication_role = replica")  # postings of former entries, unchecked
        superuser.execute(
            """
            INSERT INTO postings (entry_id, line, organization_id, account_id, amount_minor, currency, livemode)
            SELECT uuidv7(interval '-1 day'), 1, %s, %s, 980, 'usd', false FROM generate_series(1, 20000)
            """,
            [journal.organization_id, journal.expense],
        )
        superuser.execute("ANALYZE postings")
    entries = [_open_entry(journal.connection, shop) for _ in range(500)]
    accounts = {"expense": journal.expense, "accrued": journal.accrued, "entries": entries}
    journal.connection.execute(
        text("""
            INSERT INTO postings (entry_id, line, organization_id, account_id, amount_minor, currency, livemode)
            SELECT id, line, organization_id, account_id, amount_minor, 'usd', false FROM journal_entries
            CROSS JOIN (VALUES (1, CAST(:expense AS uuid), 980), (2, CAST(:accrued AS uuid), -980))
                AS lines (line, account_id, amount_minor)
            WHERE id = ANY (:entries)
        """),
        accounts,
    )
    read = journal.connection.scalar(
        text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'postings'")
    )
    assert read == 1000, "each posting once"
