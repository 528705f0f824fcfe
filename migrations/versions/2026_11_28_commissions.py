"""Conversions, the commissions they earn, and decisions about them.

Revision: commissions
Follows: payments
"""

from alembic import op

revision = "commissions"
down_revision = "payments"
branch_labels = None
depends_on = None

SCHEMA = """
    -- A payment that counts for a program and is credited to a partner.
    CREATE TABLE conversions (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        partner_organization_id uuid,
        program_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        payment_id uuid NOT NULL,
        attribution_id uuid NOT NULL,
        verdict text NOT NULL,
        uplines jsonb,
        email_mark text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_conversions PRIMARY KEY (id),
        CONSTRAINT uq_conversions_payment_id UNIQUE (payment_id),
        CONSTRAINT ck_conversions_verdict CHECK (verdict IN ('earns', 'partner_inactive', 'program_inactive',
            'kind_mismatch', 'self_referral')),
        CONSTRAINT fk_conversions_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_conversions_payment_id FOREIGN KEY (payment_id) REFERENCES payments (id),
        CONSTRAINT fk_conversions_attribution_id FOREIGN KEY (attribution_id) REFERENCES attributions (id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);

    -- What one beneficiary earns on one conversion.
    CREATE TABLE commissions (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        partner_organization_id uuid,
        conversion_id uuid NOT NULL,
        program_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        level integer NOT NULL,
        cycle integer,
        snapshot_id uuid NOT NULL,
        terms_id uuid NOT NULL,
        currency char(3) NOT NULL,
        rate_bps integer,
        approved_before integer,
        base_minor bigint NOT NULL,
        amount_minor bigint NOT NULL,
        accrued_minor bigint NOT NULL,
        payable_minor bigint NOT NULL,
        clearing_minor bigint NOT NULL,
        paid_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        entry_count integer NOT NULL,
        status text NOT NULL,
        calculation jsonb NOT NULL,
        holdback_days integer,
        accrued_at timestamptz NOT NULL,
        mature_at timestamptz,
        approved_at timestamptz,
        paid_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_commissions PRIMARY KEY (id),
        CONSTRAINT uq_commissions_identity UNIQUE (conversion_id, partner_id, level, currency),
        CONSTRAINT ck_commissions_status CHECK (status IN ('accrued', 'approved', 'paid', 'reversed')),
        CONSTRAINT ck_commissions_amount CHECK (amount_minor >= 0),
        CONSTRAINT ck_commissions_rate_bps CHECK (rate_bps BETWEEN 0 AND 10000),
        CONSTRAINT fk_commissions_conversion_id FOREIGN KEY (conversion_id) REFERENCES conversions (id),
        CONSTRAINT fk_commissions_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_commissions_snapshot_id FOREIGN KEY (snapshot_id) REFERENCES snapshots (id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);
    CREATE INDEX ix_commissions_mature_at ON commissions (mature_at) WHERE status = 'accrued' AND approved_at IS NULL;
    CREATE INDEX ix_commissions_organization_id_livemode_id ON commissions (organization_id, livemode, id);
    CREATE INDEX ix_commissions_partner_id_approved_at ON commissions (partner_id, livemode, approved_at)
        WHERE level = 0 AND approved_at IS NOT NULL;
    CREATE INDEX ix_commissions_partner_id_livemode_id ON commissions (partner_id, livemode, id);
    CREATE INDEX ix_commissions_status ON commissions (organization_id, livemode, status, id);

    -- That a payment's commissions were approved or rejected.
    CREATE TABLE decisions (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        payment_id uuid NOT NULL,
        verdict text NOT NULL,
        decided_by text NOT NULL,
        is_forced boolean NOT NULL,
        reason text NOT NULL DEFAULT '',
        decided_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_decisions PRIMARY KEY (id),
        CONSTRAINT ck_decisions_verdict CHECK (verdict IN ('approved', 'rejected')),
        CONSTRAINT fk_decisions_payment_id FOREIGN KEY (payment_id) REFERENCES payments (id)
    );
    CREATE INDEX ix_decisions_payment_id ON decisions (payment_id);
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("""
        DROP TABLE decisions, commissions, conversions
    """)
