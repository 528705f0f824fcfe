"""When an entry was recorded, and fences: times that nothing is recorded at or before any more.

A transaction that posts takes a shared lock of the program before it reads the clock, and holds it until it commits; a
fence takes the same lock exclusively for an instant. So every entry recorded up to the fence is committed, and every
entry posted afterwards has a later time.

Revision: recorded_at
Follows: outbound
"""

from alembic import op

revision = "recorded_at"
down_revision = "outbound"
branch_labels = None
depends_on = None

# Entries of before get the start of their transaction, the best that is known. Rewritten by a change of type, because a
# trigger refuses updates.
ENTRIES = """
    ALTER TABLE journal_entries ADD COLUMN recorded_at timestamptz;
    ALTER TABLE journal_entries ALTER COLUMN recorded_at TYPE timestamptz USING created_at,
        ALTER COLUMN recorded_at SET DEFAULT clock_timestamp(), ALTER COLUMN recorded_at SET NOT NULL;
"""

FENCES = """
    CREATE TABLE ledger_fences (
        program_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        fenced_at timestamptz NOT NULL,
        below xid8 NOT NULL,
        CONSTRAINT pk_ledger_fences PRIMARY KEY (program_id)
    );
    ALTER TABLE ledger_fences ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON ledger_fences TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON ledger_fences TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    GRANT SELECT, INSERT, UPDATE, DELETE ON ledger_fences TO accrual_worker;
    GRANT SELECT, INSERT, UPDATE (fenced_at, below) ON ledger_fences TO accrual_request;

    -- The clock of the ledger, in one place.
    CREATE FUNCTION recording_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() $$;

    CREATE FUNCTION recording_lock(program uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
        SELECT hashtextextended('recording ' || program, 0)
    $$;

    -- Later than every fence of these programs, also where the machine's clock was set back.
    CREATE FUNCTION recording_time(programs uuid[]) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
        program uuid;
    BEGIN
        FOR program IN SELECT DISTINCT unnest(programs) ORDER BY 1 LOOP
            PERFORM pg_advisory_xact_lock_shared(recording_lock(program));
        END LOOP;
        RETURN (
            SELECT greatest(recording_clock(), max(fence.fenced_at) + interval '1 microsecond')
            FROM ledger_fences AS fence WHERE fence.program_id = ANY (programs)
        );
    END $$;
"""


def upgrade() -> None:
    op.execute(ENTRIES)
    op.execute(FENCES)


def downgrade() -> None:
    op.execute("DROP FUNCTION recording_time, recording_lock, recording_clock")
    op.execute("DROP TABLE ledger_fences")
    op.execute("ALTER TABLE journal_entries DROP COLUMN recorded_at")
