"""Touchpoints, a partition for each month; the clock creates and drops them by functions, because it owns no table.

Revision: touchpoints
Follows: programs_and_partners
"""

from alembic import op

revision = "touchpoints"
down_revision = "programs_and_partners"
branch_labels = None
depends_on = None

SCHEMA = """
    -- One arrival through a partner's link. It does not identify the visitor: it has only hashes that change daily.
    CREATE TABLE touchpoints (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        code text NOT NULL,
        session_id text NOT NULL,
        source text NOT NULL,
        landing text NOT NULL DEFAULT '',
        referrer text NOT NULL DEFAULT '',
        utm jsonb NOT NULL DEFAULT '{}',
        address_hash text NOT NULL DEFAULT '',
        agent_hash text NOT NULL DEFAULT '',
        touched_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_touchpoints PRIMARY KEY (id, touched_at),
        CONSTRAINT ck_touchpoints_source CHECK (source IN ('link', 'beacon'))
    ) PARTITION BY RANGE (touched_at);
    CREATE INDEX ix_touchpoints_partner_id ON touchpoints (partner_id, touched_at);
    CREATE INDEX ix_touchpoints_session_id ON touchpoints (session_id, organization_id);

    -- Touchpoints of months that have no partition of their own.
    CREATE TABLE touchpoints_elsewhen PARTITION OF touchpoints DEFAULT;

    -- Makes the partition of a month; returns false if there is one.
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
        EXECUTE format(
            'CREATE TABLE public.%I (LIKE public.touchpoints INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', partition);
        LOCK TABLE public.touchpoints_elsewhen IN ACCESS EXCLUSIVE MODE;
        EXECUTE format(
            'WITH moved AS (DELETE FROM public.touchpoints_elsewhen '
            'WHERE touched_at >= %L AND touched_at < %L RETURNING *) '
            'INSERT INTO public.%I SELECT * FROM moved', starts, ends, partition);
        EXECUTE format(
            'ALTER TABLE public.touchpoints ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            partition, starts, ends);
        RETURN true;
    END $$;

    -- Drops the partitions of months that ended before a time; returns how many.
    CREATE FUNCTION drop_touchpoint_months(before timestamptz) RETURNS integer
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
    END $$;

    -- A touchpoint of a session that a Stripe object names: evidence, and so kept for ever.
    CREATE TABLE session_touches (
        session_id text NOT NULL,
        organization_id uuid NOT NULL,
        touchpoint_id uuid NOT NULL,
        program_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        touched_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_session_touches PRIMARY KEY (session_id, organization_id, touchpoint_id)
    );
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("""
        DROP TABLE session_touches, touchpoints
    """)
    op.execute("DROP FUNCTION keep_touchpoint_month, drop_touchpoint_months")
