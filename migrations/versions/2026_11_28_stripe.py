"""What comes from Stripe: endpoints, the inbox, look-ups, and runs that read its past.

Revision: stripe
Follows: touchpoints
"""

from alembic import op

revision = "stripe"
down_revision = "touchpoints"
branch_labels = None
depends_on = None

SCHEMA = """
    -- A webhook endpoint: an address of this server that Stripe delivers to; its mode never changes.
    CREATE TABLE stripe_endpoints (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        description text NOT NULL DEFAULT '',
        secrets_encrypted text NOT NULL,
        api_key_encrypted text,
        created_at timestamptz NOT NULL DEFAULT now(),
        disabled_at timestamptz,
        is_default boolean NOT NULL DEFAULT false,
        deleted_at timestamptz,
        CONSTRAINT pk_stripe_endpoints PRIMARY KEY (id),
        CONSTRAINT fk_stripe_endpoints_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE INDEX ix_stripe_endpoints_organization_id ON stripe_endpoints (organization_id);
    CREATE UNIQUE INDEX uq_stripe_endpoints_default ON stripe_endpoints (is_default)
        WHERE is_default AND deleted_at IS NULL;

    CREATE TRIGGER require_merchant BEFORE INSERT OR UPDATE OF organization_id ON stripe_endpoints
        FOR EACH ROW EXECUTE FUNCTION require_merchant();

    -- A delivery of Stripe, stored unchanged. `id` is the inbox order.
    CREATE TABLE stripe_events (
        id bigint GENERATED ALWAYS AS IDENTITY,
        organization_id uuid NOT NULL,
        endpoint_id uuid,
        account text NOT NULL DEFAULT '',
        livemode boolean NOT NULL,
        stripe_id text NOT NULL,
        api_version text NOT NULL DEFAULT '',
        is_wrong_mode boolean NOT NULL DEFAULT false,
        type text NOT NULL,
        object_id text NOT NULL DEFAULT '',
        occurred_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        payload text NOT NULL,
        processed_at timestamptz,
        outcome text,
        outcome_details jsonb NOT NULL DEFAULT '{}',
        attempts integer NOT NULL DEFAULT 0,
        last_error jsonb,
        CONSTRAINT pk_stripe_events PRIMARY KEY (id),
        CONSTRAINT uq_stripe_events_identity UNIQUE (stripe_id, organization_id, account, livemode, api_version,
            is_wrong_mode),
        CONSTRAINT ck_stripe_events_wrong_mode CHECK (is_wrong_mode = (outcome IS NOT DISTINCT FROM 'wrong_mode')),
        CONSTRAINT ck_stripe_events_outcome CHECK (outcome IN ('accrued', 'adjusted', 'no_change', 'recorded', 'bound',
            'unattributed', 'outside_window', 'self_referral', 'partner_inactive', 'program_inactive', 'cap_reached',
            'zero_base', 'currency_mismatch', 'out_of_band', 'waiting', 'unknown_code', 'kind_mismatch',
            'not_captured', 'merged', 'rejected', 'held', 'ignored_type', 'wrong_mode', 'unusable', 'parked')),
        CONSTRAINT ck_stripe_events_processed_has_outcome CHECK ((processed_at IS NULL) = (outcome IS NULL)),
        CONSTRAINT fk_stripe_events_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_stripe_events_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES stripe_endpoints (id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02, fillfactor = 45);
    CREATE INDEX ix_stripe_events_object ON stripe_events (object_id);
    CREATE INDEX ix_stripe_events_outcome ON stripe_events USING brin (outcome text_bloom_ops (n_distinct_per_range =
        24, false_positive_rate = 0.001)) WITH (pages_per_range = 16, autosummarize = on);

    ALTER TABLE stripe_events ALTER COLUMN payload SET STORAGE EXTERNAL;

    -- An event that is not processed yet. A drain locks the row to claim the event, and deletes it to finish.
    CREATE TABLE due_events (
        event_id bigint NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_due_events PRIMARY KEY (event_id)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

    -- Whether a delivery says something else than the stored one of the same id; addresses in it may differ.
    CREATE FUNCTION is_stripe_event_different(event_id bigint, body text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DECLARE
        address constant text := '"https?://[^"]*"';
        stored text := (SELECT payload FROM public.stripe_events WHERE id = event_id);
    BEGIN
        RETURN stored IS DISTINCT FROM body AND EXISTS (
            SELECT FROM unnest(ARRAY['type', 'created', 'data', 'related_object']) AS part
            WHERE regexp_replace((stored::jsonb -> part)::text, address, '""', 'g')
                IS DISTINCT FROM regexp_replace((body::jsonb -> part)::text, address, '""', 'g')
        );
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        RETURN true;
    END $$;

    -- A request to Stripe for missing data. Done without a problem: it was answered, or is not needed any more.
    CREATE TABLE lookups (
        id bigint GENERATED ALWAYS AS IDENTITY,
        organization_id uuid NOT NULL,
        account text NOT NULL DEFAULT '',
        livemode boolean NOT NULL,
        kind text NOT NULL,
        object_id text NOT NULL,
        asked_for text NOT NULL DEFAULT '',
        queued_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        problem jsonb,
        done_at timestamptz,
        CONSTRAINT pk_lookups PRIMARY KEY (id),
        CONSTRAINT uq_lookups_identity UNIQUE (object_id, kind, asked_for, organization_id, account, livemode)
    );
    CREATE INDEX ix_lookups_due ON lookups (next_attempt_at, id) WHERE done_at IS NULL;
    CREATE INDEX ix_lookups_open ON lookups (organization_id) WHERE done_at IS NULL OR problem IS NOT NULL;

    -- A backfill, reconciliation or replay. An interrupted run continues from its cursor.
    CREATE TABLE stripe_runs (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        account text NOT NULL DEFAULT '',
        livemode boolean NOT NULL,
        kind text NOT NULL,
        parameters jsonb NOT NULL,
        dry_run boolean NOT NULL,
        state text NOT NULL DEFAULT 'queued',
        phase text NOT NULL DEFAULT '',
        cursor jsonb NOT NULL DEFAULT '{}',
        counts jsonb NOT NULL DEFAULT '{}',
        progress_bps integer NOT NULL DEFAULT 0,
        problem jsonb,
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        heartbeat_at timestamptz,
        finished_at timestamptz,
        due_at timestamptz NOT NULL DEFAULT now(),
        lease integer NOT NULL DEFAULT 0,
        failures integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_stripe_runs PRIMARY KEY (id),
        CONSTRAINT ck_stripe_runs_kind CHECK (kind IN ('backfill', 'reconcile', 'replay')),
        CONSTRAINT ck_stripe_runs_state CHECK (state IN ('queued', 'running', 'finished', 'failed', 'stopped')),
        CONSTRAINT ck_stripe_runs_progress CHECK (progress_bps BETWEEN 0 AND 10000),
        CONSTRAINT ck_stripe_runs_finished CHECK ((finished_at IS NULL) = (state IN ('queued', 'running'))),
        CONSTRAINT fk_stripe_runs_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE INDEX ix_stripe_runs_organization_id_kind ON stripe_runs (organization_id, kind, id);
    CREATE INDEX ix_stripe_runs_unfinished ON stripe_runs (id) WHERE finished_at IS NULL;
    CREATE UNIQUE INDEX uq_stripe_runs_running ON stripe_runs (kind, organization_id, account, livemode)
        WHERE state = 'running';

    -- An id that Stripe listed during a reconciliation; stored until it ends, to limit the memory of the worker.
    CREATE TABLE stripe_runs_seen (
        stripe_id text NOT NULL,
        run_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        CONSTRAINT pk_stripe_runs_seen PRIMARY KEY (stripe_id, run_id),
        CONSTRAINT fk_stripe_runs_seen_run_id FOREIGN KEY (run_id) REFERENCES stripe_runs (id)
    );

    -- A difference between Stripe and our payments, found by a reconciliation.
    CREATE TABLE drifts (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        run_id uuid NOT NULL,
        kind text NOT NULL,
        stripe_id text NOT NULL,
        currency char(3) NOT NULL,
        stripe_minor bigint,
        our_minor bigint,
        object_kind text NOT NULL,
        our_currency char(3) NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        healed_at timestamptz,
        CONSTRAINT pk_drifts PRIMARY KEY (id),
        CONSTRAINT uq_drifts_identity UNIQUE (stripe_id, kind, run_id),
        CONSTRAINT ck_drifts_kind CHECK (kind IN ('missing_here', 'missing_at_stripe', 'amount_differs',
            'returned_differs')),
        CONSTRAINT ck_drifts_currency_lower CHECK (currency = lower(currency)),
        CONSTRAINT fk_drifts_run_id FOREIGN KEY (run_id) REFERENCES stripe_runs (id)
    );
    CREATE INDEX ix_drifts_run_id ON drifts (run_id, id);
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("""
        DROP TABLE drifts, stripe_runs_seen, stripe_runs, lookups, due_events, stripe_events, stripe_endpoints
    """)
    op.execute("DROP FUNCTION is_stripe_event_different")
