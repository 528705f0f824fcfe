"""Payouts: runs, what each was to pay to whom, payouts, their lines and returns; and an index of what is payable.

Revision: payouts
Follows: postbacks
"""

from alembic import op

revision = "payouts"
down_revision = "postbacks"
branch_labels = None
depends_on = None

TABLES = ("payout_runs", "payout_run_items", "payouts", "payout_lines", "payout_returns")

SCHEMA = """
    CREATE INDEX ix_commissions_payable ON commissions (program_id, livemode, partner_id, currency)
        WHERE payable_minor <> 0;

    CREATE TABLE payout_runs (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid NOT NULL,
        livemode boolean NOT NULL,
        status text NOT NULL DEFAULT 'reserving',
        cutoff_at timestamptz NOT NULL,
        request jsonb NOT NULL,
        preview_digest text,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        due_at timestamptz NOT NULL DEFAULT now(),
        failures integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_payout_runs PRIMARY KEY (id),
        CONSTRAINT fk_payout_runs_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_payout_runs_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT ck_payout_runs_status CHECK (status IN ('reserving', 'open', 'completed', 'canceled')),
        CONSTRAINT ck_payout_runs_finished CHECK ((finished_at IS NULL) = (status IN ('reserving', 'open')))
    );
    CREATE UNIQUE INDEX uq_payout_runs_reserving ON payout_runs (program_id, livemode) WHERE status = 'reserving';
    CREATE INDEX ix_payout_runs_due ON payout_runs (due_at) WHERE status = 'reserving';
    CREATE INDEX ix_payout_runs_program_id_livemode_id ON payout_runs (program_id, livemode, id);

    CREATE TABLE payout_run_items (
        run_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        currency char(3) NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        state text NOT NULL,
        reason text,
        details jsonb NOT NULL DEFAULT '{}',
        commission_count integer NOT NULL,
        payable_minor bigint NOT NULL,
        minimum_minor bigint NOT NULL,
        gross_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        net_minor bigint NOT NULL,
        method text,
        fingerprint text,
        payout_id uuid,
        CONSTRAINT pk_payout_run_items PRIMARY KEY (run_id, partner_id, currency),
        CONSTRAINT fk_payout_run_items_run_id FOREIGN KEY (run_id) REFERENCES payout_runs (id),
        CONSTRAINT fk_payout_run_items_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT ck_payout_run_items_state CHECK (state IN ('planned', 'reserved', 'skipped')),
        CONSTRAINT ck_payout_run_items_reason CHECK ((state = 'skipped') = (reason IS NOT NULL)),
        CONSTRAINT ck_payout_run_items_payout CHECK ((state = 'reserved') = (payout_id IS NOT NULL))
    );

    CREATE TABLE payouts (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_organization_id uuid,
        program_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        run_id uuid NOT NULL,
        livemode boolean NOT NULL,
        currency char(3) NOT NULL,
        gross_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        net_minor bigint NOT NULL,
        fee_bps integer NOT NULL,
        returned_gross_minor bigint NOT NULL DEFAULT 0,
        returned_fee_minor bigint NOT NULL DEFAULT 0,
        returned_net_minor bigint NOT NULL DEFAULT 0,
        method text NOT NULL,
        destination_encrypted text,
        destination_masked jsonb NOT NULL,
        country text,
        status text NOT NULL DEFAULT 'pending',
        reference text NOT NULL,
        provider_id text,
        failure_reason text,
        commission_count integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        sent_at timestamptz,
        paid_at timestamptz,
        file_id uuid,
        CONSTRAINT pk_payouts PRIMARY KEY (id),
        CONSTRAINT fk_payouts_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_payouts_partner_organization_id FOREIGN KEY (partner_organization_id)
            REFERENCES organizations (id),
        CONSTRAINT fk_payouts_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_payouts_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_payouts_run_id FOREIGN KEY (run_id) REFERENCES payout_runs (id),
        CONSTRAINT ck_payouts_status CHECK (status IN ('pending', 'processing', 'sent', 'paid', 'failed', 'canceled',
            'returned')),
        CONSTRAINT ck_payouts_method CHECK (method IN ('paypal', 'wise', 'bank_transfer', 'payoneer', 'stripe',
            'crypto', 'external')),
        CONSTRAINT ck_payouts_amounts CHECK (gross_minor = fee_minor + net_minor AND net_minor > 0
            AND fee_minor >= 0),
        CONSTRAINT ck_payouts_returned CHECK (returned_gross_minor = returned_fee_minor + returned_net_minor
            AND returned_net_minor BETWEEN 0 AND net_minor),
        CONSTRAINT ck_payouts_currency_lower CHECK (currency = lower(currency))
    );
    CREATE UNIQUE INDEX uq_payouts_reference ON payouts (reference);
    CREATE INDEX ix_payouts_run_id ON payouts (run_id, id);
    CREATE INDEX ix_payouts_program_id_livemode_id ON payouts (program_id, livemode, id);
    CREATE INDEX ix_payouts_partner_id_livemode_id ON payouts (partner_id, livemode, id);
    CREATE INDEX ix_payouts_under_way ON payouts (program_id, livemode, id)
        WHERE status IN ('pending', 'processing', 'sent');

    CREATE TABLE payout_lines (
        payout_id uuid NOT NULL,
        commission_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        gross_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        CONSTRAINT pk_payout_lines PRIMARY KEY (payout_id, commission_id),
        CONSTRAINT fk_payout_lines_payout_id FOREIGN KEY (payout_id) REFERENCES payouts (id),
        CONSTRAINT fk_payout_lines_commission_id FOREIGN KEY (commission_id) REFERENCES commissions (id),
        CONSTRAINT ck_payout_lines_not_zero CHECK (gross_minor <> 0)
    );
    CREATE INDEX ix_payout_lines_commission_id ON payout_lines (commission_id);

    CREATE TABLE payout_returns (
        payout_id uuid NOT NULL,
        number integer NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        gross_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        net_minor bigint NOT NULL,
        reason text NOT NULL,
        provider_id text,
        occurred_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_payout_returns PRIMARY KEY (payout_id, number),
        CONSTRAINT fk_payout_returns_payout_id FOREIGN KEY (payout_id) REFERENCES payouts (id),
        CONSTRAINT ck_payout_returns_positive CHECK (net_minor > 0)
    );
"""

# A request reserves nothing: the job does, as the worker. It changes what people report about a payout, never whom it
# is for, how much it is or where it goes.
RIGHTS = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON payout_runs, payout_run_items, payouts TO accrual_worker;
    GRANT SELECT, INSERT ON payout_lines, payout_returns TO accrual_worker;
    GRANT SELECT, INSERT ON payout_runs, payout_run_items, payout_returns TO accrual_request;
    GRANT SELECT ON payouts, payout_lines TO accrual_request;
    GRANT UPDATE (status, finished_at) ON payout_runs TO accrual_request;
    GRANT UPDATE (returned_gross_minor, returned_fee_minor, returned_net_minor, status, provider_id, failure_reason,
        sent_at, paid_at) ON payouts TO accrual_request;

    CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_lines
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_returns
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    CREATE POLICY partner ON payouts FOR SELECT TO accrual_request
        USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY partner ON payout_lines FOR SELECT TO accrual_request
        USING (payout_id IN (SELECT id FROM payouts WHERE partner_id = ANY ((SELECT own_partners())::uuid[])));
    CREATE POLICY partner ON payout_returns FOR SELECT TO accrual_request
        USING (payout_id IN (SELECT id FROM payouts WHERE partner_id = ANY ((SELECT own_partners())::uuid[])));
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
        op.execute(
            f"CREATE POLICY mode ON {table} AS RESTRICTIVE TO accrual_request "
            "USING (livemode = (SELECT visible_livemode()))"
        )
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE payout_returns, payout_lines, payouts, payout_run_items, payout_runs")
    op.execute("DROP INDEX ix_commissions_payable")
