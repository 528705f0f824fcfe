"""Touchpoints, a partition for each month, and those of them that money depends on.

The clock makes and drops partitions. It runs as `accrual_worker`, which may change no schema, so the two statements it
needs stand in functions that run as the owner and can do nothing else.

Revision: touchpoints
Follows: partners_doors
"""

import sqlalchemy as sa
from alembic import op

revision = "touchpoints"
down_revision = "partners_doors"
branch_labels = None
depends_on = None

PARTITIONED = """
CREATE TABLE touchpoints (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    program_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    code text NOT NULL,
    session_id text NOT NULL,
    source text NOT NULL CONSTRAINT ck_touchpoints_source CHECK (source IN ('link', 'beacon')),
    landing text DEFAULT '' NOT NULL,
    referrer text DEFAULT '' NOT NULL,
    utm jsonb DEFAULT '{}' NOT NULL,
    address_hash text DEFAULT '' NOT NULL,
    agent_hash text DEFAULT '' NOT NULL,
    touched_at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_touchpoints PRIMARY KEY (id, touched_at)
) PARTITION BY RANGE (touched_at)
"""

# What lies in the default partition already moves into its month before that is attached.
KEEP_MONTH = """
CREATE FUNCTION keep_touchpoint_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    starts timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    ends timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    partition text := 'touchpoints_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass('public.' || partition) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.touchpoints INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', partition);
    LOCK TABLE public.touchpoints_elsewhen IN ACCESS EXCLUSIVE MODE;
    EXECUTE format(
        'WITH moved AS (DELETE FROM public.touchpoints_elsewhen WHERE touched_at >= %L AND touched_at < %L RETURNING *) '
        'INSERT INTO public.%I SELECT * FROM moved', starts, ends, partition);
    EXECUTE format(
        'ALTER TABLE public.touchpoints ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', partition, starts, ends);
    RETURN true;
END $$
"""

# The names of partitions sort as their months do.
DROP_MONTHS = """
CREATE FUNCTION drop_touchpoint_months(before timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    partition text;
    dropped int := 0;
BEGIN
    FOR partition IN
        SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
        WHERE pg_inherits.inhparent = 'public.touchpoints'::regclass
          AND child.relname ~ '^touchpoints_[0-9]{4}_[0-9]{2}$'
          AND child.relname < 'touchpoints_' || to_char(before AT TIME ZONE 'UTC', 'YYYY_MM')
    LOOP
        EXECUTE format('DROP TABLE public.%I', partition);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM public.touchpoints_elsewhen WHERE touched_at < before;
    RETURN dropped;
END $$
"""

FUNCTIONS = ("keep_touchpoint_month(date)", "drop_touchpoint_months(timestamptz)")


def upgrade() -> None:
    op.execute(PARTITIONED)
    op.create_index("ix_touchpoints_session_id", "touchpoints", ["session_id", "organization_id"])
    op.create_index("ix_touchpoints_partner_id", "touchpoints", ["partner_id", "touched_at"])
    op.execute("CREATE TABLE touchpoints_elsewhen PARTITION OF touchpoints DEFAULT")
    op.execute("ALTER TABLE touchpoints_elsewhen ENABLE ROW LEVEL SECURITY")
    op.create_table(
        "session_touches",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("touchpoint_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "organization_id", "touchpoint_id", name=op.f("pk_session_touches")),
    )
    _protect("touchpoints", "SELECT, INSERT", "SELECT")
    _protect("session_touches", "SELECT, INSERT", "SELECT, INSERT")
    for function, body in zip(FUNCTIONS, (KEEP_MONTH, DROP_MONTHS), strict=True):
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO accrual_worker")
    _evidence()


def _evidence() -> None:
    """What evidence and attributions say of sessions."""
    op.add_column("evidence", sa.Column("awaits_touches", sa.Boolean(), server_default="false", nullable=False))
    op.execute("UPDATE evidence SET awaits_touches = true WHERE session_id <> ''")
    op.create_index(
        "ix_evidence_awaits_touches", "evidence", ["created_at"], postgresql_where=sa.text("awaits_touches")
    )
    op.add_column("attributions", sa.Column("session_id", sa.Text(), server_default="", nullable=False))
    op.add_column("attributions", sa.Column("touchpoint_id", sa.Uuid(), nullable=True))


def _protect(table: str, worker_may: str, request_may: str) -> None:
    op.execute(f"GRANT {worker_may} ON {table} TO accrual_worker")
    op.execute(f"GRANT {request_may} ON {table} TO accrual_request")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY request ON {table} TO accrual_request "
        "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
    )


def downgrade() -> None:
    op.drop_column("attributions", "touchpoint_id")
    op.drop_column("attributions", "session_id")
    op.drop_index("ix_evidence_awaits_touches", "evidence")
    op.drop_column("evidence", "awaits_touches")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("session_touches")
    op.drop_table("touchpoints")
