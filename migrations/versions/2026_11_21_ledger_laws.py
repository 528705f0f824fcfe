"""The ledger's laws, kept by the database itself.

Entries and postings are only ever added, and what is added balances: per entry, per commission, in one currency.
Statement-level triggers, so that a batch of thousands is checked at once, and at once rather than at commit: a
deferred trigger would stay silent inside savepoints.

Revision: ledger_laws
Follows: first_tables
"""

from alembic import op

revision = "ledger_laws"
down_revision = "first_tables"
branch_labels = None
depends_on = None

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the ledger is corrected by addition, never by edit', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""

REQUIRE_BALANCE = """
CREATE FUNCTION require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken record;
BEGIN
    SELECT entry_id INTO broken FROM inserted
    GROUP BY entry_id, commission_id HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is unbalanced', broken.entry_id USING ERRCODE = 'check_violation';
    END IF;

    SELECT entry_id INTO broken FROM postings
    WHERE entry_id IN (SELECT entry_id FROM inserted)
    GROUP BY entry_id HAVING min(currency) <> max(currency) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % mixes currencies', broken.entry_id USING ERRCODE = 'check_violation';
    END IF;

    SELECT entry.id AS entry_id INTO broken
    FROM (SELECT DISTINCT entry_id FROM inserted) AS touched
    JOIN journal_entries AS entry ON entry.id = touched.entry_id
    WHERE entry.xid <> pg_current_xact_id() LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is closed: its transaction has ended', broken.entry_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(REFUSE_CHANGE)
    op.execute(REQUIRE_BALANCE)
    for table in ("journal_entries", "postings"):
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER require_balance AFTER INSERT ON postings REFERENCING NEW TABLE AS inserted "
        "FOR EACH STATEMENT EXECUTE FUNCTION require_balance()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER require_balance ON postings")
    for table in ("postings", "journal_entries"):
        op.execute(f"DROP TRIGGER refuse_change ON {table}")
    op.execute("DROP FUNCTION require_balance()")
    op.execute("DROP FUNCTION refuse_change()")
