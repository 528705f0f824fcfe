"""Outbound webhooks: endpoints, messages, deliveries and attempts.

Revision: outbound
Follows: periods
"""

from alembic import op

revision = "outbound"
down_revision = "periods"
branch_labels = None
depends_on = None

TABLES = ("outbound_endpoints", "outbound_messages", "outbound_deliveries", "outbound_attempts")

SCHEMA = """
    CREATE TABLE outbound_endpoints (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        partner_id uuid,
        url text NOT NULL,
        events text[] NOT NULL,
        description text NOT NULL DEFAULT '',
        include_backfill boolean NOT NULL DEFAULT false,
        secret_encrypted text,
        previous_secret_encrypted text,
        previous_secret_ends_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        failing_since timestamptz,
        disabled_at timestamptz,
        disabled_reason text,
        deleted_at timestamptz,
        CONSTRAINT pk_outbound_endpoints PRIMARY KEY (id),
        CONSTRAINT fk_outbound_endpoints_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT ck_outbound_endpoints_key
            CHECK (partner_id IS NOT NULL OR deleted_at IS NOT NULL OR secret_encrypted IS NOT NULL),
        CONSTRAINT ck_outbound_endpoints_disabled CHECK (disabled_at IS NULL OR disabled_reason IS NOT NULL)
    );
    CREATE INDEX ix_outbound_endpoints_organization_id ON outbound_endpoints (organization_id, livemode)
        WHERE partner_id IS NULL AND deleted_at IS NULL;
    CREATE UNIQUE INDEX uq_outbound_endpoints_postback ON outbound_endpoints (partner_id, livemode)
        WHERE partner_id IS NOT NULL AND deleted_at IS NULL;

    CREATE TABLE outbound_messages (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean,
        type text NOT NULL,
        data jsonb NOT NULL,
        commission_id uuid,
        sequence integer,
        is_backfill boolean NOT NULL DEFAULT false,
        occurred_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_outbound_messages PRIMARY KEY (id),
        CONSTRAINT uq_outbound_messages_commission_id_sequence UNIQUE (commission_id, sequence)
    );

    CREATE TABLE outbound_deliveries (
        id uuid NOT NULL,
        message_id uuid NOT NULL,
        endpoint_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        type text NOT NULL,
        state text NOT NULL DEFAULT 'pending',
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        lease uuid,
        leased_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT pk_outbound_deliveries PRIMARY KEY (id),
        CONSTRAINT uq_outbound_deliveries_message_id_endpoint_id UNIQUE (message_id, endpoint_id),
        CONSTRAINT fk_outbound_deliveries_message_id FOREIGN KEY (message_id) REFERENCES outbound_messages (id),
        CONSTRAINT fk_outbound_deliveries_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES outbound_endpoints (id),
        CONSTRAINT ck_outbound_deliveries_state CHECK (state IN ('pending', 'delivered', 'given_up'))
    );
    CREATE INDEX ix_outbound_deliveries_due ON outbound_deliveries (endpoint_id, next_attempt_at)
        WHERE state = 'pending';
    CREATE INDEX ix_outbound_deliveries_organization_id ON outbound_deliveries (organization_id, livemode, id);
    CREATE INDEX ix_outbound_deliveries_endpoint_id ON outbound_deliveries (endpoint_id, id);

    CREATE TABLE outbound_attempts (
        id bigint GENERATED ALWAYS AS IDENTITY,
        delivery_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        attempted_at timestamptz NOT NULL,
        duration_ms integer NOT NULL,
        status_code integer,
        problem jsonb,
        answer text,
        CONSTRAINT pk_outbound_attempts PRIMARY KEY (id),
        CONSTRAINT fk_outbound_attempts_delivery_id FOREIGN KEY (delivery_id) REFERENCES outbound_deliveries (id)
    );
    CREATE INDEX ix_outbound_attempts_delivery_id ON outbound_attempts (delivery_id, id);

    -- Whether a backfill inserted the event, so that the facts it makes go only to endpoints that ask for them.
    ALTER TABLE due_events ADD COLUMN is_backfill boolean NOT NULL DEFAULT false;
"""

# A request records facts, manages endpoints and resends; it never attempts a delivery. What a partner does before a
# caller is known, such as signing up, is a fact too: then who listens is read without secrets and addresses.
RIGHTS = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON outbound_endpoints, outbound_deliveries TO accrual_worker;
    GRANT SELECT, INSERT ON outbound_messages, outbound_attempts TO accrual_worker;
    GRANT SELECT, INSERT ON outbound_endpoints, outbound_messages, outbound_deliveries TO accrual_request;
    GRANT SELECT ON outbound_attempts TO accrual_request;
    GRANT UPDATE (url, events, description, include_backfill, secret_encrypted, previous_secret_encrypted,
        previous_secret_ends_at, failing_since, disabled_at, disabled_reason, deleted_at) ON outbound_endpoints TO
        accrual_request;
    GRANT UPDATE (state, attempts, next_attempt_at, lease, leased_until, finished_at) ON outbound_deliveries TO
        accrual_request;
    GRANT SELECT (id, organization_id, livemode, partner_id, events, include_backfill, disabled_at, deleted_at) ON
        outbound_endpoints TO accrual_entry;
    GRANT INSERT ON outbound_messages, outbound_deliveries TO accrual_entry;

    CREATE POLICY mode ON outbound_endpoints AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    CREATE POLICY mode ON outbound_messages AS RESTRICTIVE TO accrual_request
        USING (livemode IS NULL OR livemode = (SELECT visible_livemode()));
    CREATE POLICY mode ON outbound_deliveries AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    CREATE POLICY mode ON outbound_attempts AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    CREATE POLICY entry_select ON outbound_endpoints FOR SELECT TO accrual_entry USING (true);
    CREATE POLICY entry_insert ON outbound_messages FOR INSERT TO accrual_entry WITH CHECK (true);
    CREATE POLICY entry_insert ON outbound_deliveries FOR INSERT TO accrual_entry WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
        op.execute(
            f"CREATE POLICY request ON {table} TO accrual_request "
            "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
        )
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE outbound_attempts, outbound_deliveries, outbound_messages, outbound_endpoints")
    op.execute("ALTER TABLE due_events DROP COLUMN is_backfill")
