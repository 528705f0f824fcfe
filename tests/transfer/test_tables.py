"""Every table is in exports, or is not with a reason; no column of a secret is."""

import re

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.transfer.exports.rows import load_columns
from app.transfer.exports.tables import EXPORTED, NOT_EXPORTED

SECRET = re.compile(r"_encrypted$|hash$|token|secret|password|fingerprint|^api_key")
HARMLESS = {
    ("statements", "hash"),  # of a statement, which its partner has
    ("statements", "previous_hash"),
    ("touchpoints", "address_hash"),  # salted with a key of the day
    ("touchpoints", "agent_hash"),
    ("payout_run_items", "fingerprint"),  # of a destination, with the former installation's secret key
}

_TABLES = text("""
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
      AND relname <> 'alembic_version'
""")
_TRANSACTION_IDS = text("""
    SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relkind = 'r' AND atttypid = 'xid8'::regtype AND relnamespace = 'public'::regnamespace
""")
_REFERENCES = text("""
    SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND conrelid <> confrelid AND conparentid = 0
""")
_OWN_REFERENCES = text("""
    SELECT conrelid::regclass::text, attname FROM pg_constraint
    JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
    WHERE contype = 'f' AND conrelid = confrelid AND conrelid <> 'organizations'::regclass
""")
"""Organizations are exported in the order of their hierarchy."""


def test_every_table_is_exported_or_is_not_for_a_reason(database: object) -> None:
    with db.transaction() as session:
        tables = set(session.scalars(_TABLES))
    assert EXPORTED.keys() & NOT_EXPORTED.keys() == set()
    assert tables == EXPORTED.keys() | NOT_EXPORTED.keys(), "a table is in neither list"
    assert all(len(reason) > 20 for reason in NOT_EXPORTED.values())


def test_a_table_is_restored_after_those_that_it_refers_to(database: object) -> None:
    order = list(EXPORTED)
    with db.transaction() as session:
        references = [(table, other) for table, other in session.execute(_REFERENCES) if table in EXPORTED]
    assert references
    assert [pair for pair in references if order.index(pair[1]) > order.index(pair[0])] == []


def test_a_table_that_refers_to_itself_says_by_which_column(database: object) -> None:
    with db.transaction() as session:
        found = {(table, name) for table, name in session.execute(_OWN_REFERENCES) if table in EXPORTED}
    assert found
    assert found == {(table, rules.own_reference) for table, rules in EXPORTED.items() if rules.own_reference}


def test_no_column_that_may_have_a_secret_is_exported_as_it_is(database: object) -> None:
    with db.transaction() as session:
        _assert_rules_name_columns(session)
        found = {
            (table, column.name)
            for table, columns in load_columns(session).items()
            for column in columns
            if SECRET.search(column.name)
            and column.name not in EXPORTED[table].left_out
            and column.name not in EXPORTED[table].sealed
        }
    assert found == HARMLESS


def test_ids_of_transactions_stay_with_their_cluster(database: object) -> None:
    with db.transaction() as session:
        found = [(table, name) for table, name in session.execute(_TRANSACTION_IDS) if table in EXPORTED]
    assert len(found) > 1
    assert [(table, name) for table, name in found if name not in EXPORTED[table].left_out] == []


def _assert_rules_name_columns(session: Session) -> None:
    """What is said of a table is about columns that it has, and its rows have an owner."""
    for table, columns in load_columns(session).items():
        names = {column.name for column in columns}
        rules = EXPORTED[table]
        named = {*rules.left_out, *rules.sealed, *rules.with_sealed, *rules.replaced, *rules.not_in_csv}
        assert named <= names, table
        assert table == "organizations" or "organization_id" in names, table
