"""Stripe's objects, the payments they make, and who is credited with each.

Revision: payments
Follows: stripe
"""

from alembic import op

revision = "payments"
down_revision = "stripe"
branch_labels = None
depends_on = None

SCHEMA = """
    -- A Stripe object that an event described or named, with its facts; or a report of the merchant.
    CREATE TABLE stripe_objects (
        organization_id uuid NOT NULL,
        account text NOT NULL,
        livemode boolean NOT NULL,
        id text NOT NULL,
        kind text NOT NULL,
        root text NOT NULL,
        customer text NOT NULL DEFAULT '',
        subscription text NOT NULL DEFAULT '',
        facts jsonb NOT NULL DEFAULT '{}',
        stated_at timestamptz,
        older_at jsonb NOT NULL DEFAULT '{}',
        CONSTRAINT pk_stripe_objects PRIMARY KEY (id, organization_id, account, livemode)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);
    CREATE INDEX ix_stripe_objects_customer ON stripe_objects (customer) WHERE customer <> '';
    CREATE INDEX ix_stripe_objects_root ON stripe_objects (root) WHERE root <> id;
    CREATE INDEX ix_stripe_objects_subscription ON stripe_objects (subscription) WHERE subscription <> '';

    -- One movement of money from a customer to the merchant, whatever Stripe objects describe it.
    CREATE TABLE payments (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        account text NOT NULL,
        livemode boolean NOT NULL,
        key text NOT NULL,
        merged_into_id uuid,
        customer text NOT NULL DEFAULT '',
        subscription text NOT NULL DEFAULT '',
        invoice text NOT NULL DEFAULT '',
        payment_intent text NOT NULL DEFAULT '',
        charge text NOT NULL DEFAULT '',
        currency char(3) NOT NULL,
        gross_minor bigint NOT NULL,
        base_minor bigint NOT NULL,
        returned_minor bigint NOT NULL,
        base_details jsonb NOT NULL DEFAULT '{}',
        occurred_at timestamptz NOT NULL,
        hold text NOT NULL DEFAULT '',
        held_since timestamptz,
        held_until timestamptz,
        cycle_kind text,
        cycle_ends_at timestamptz,
        billed_at timestamptz,
        email_marks text[] NOT NULL DEFAULT '{}',
        outcome text NOT NULL,
        outcome_details jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_payments PRIMARY KEY (id),
        CONSTRAINT uq_payments_identity UNIQUE (key, organization_id, account, livemode),
        CONSTRAINT ck_payments_outcome CHECK (outcome IN ('accrued', 'adjusted', 'no_change', 'recorded', 'bound',
            'unattributed', 'outside_window', 'self_referral', 'partner_inactive', 'program_inactive', 'cap_reached',
            'zero_base', 'currency_mismatch', 'out_of_band', 'waiting', 'unknown_code', 'kind_mismatch',
            'not_captured', 'merged', 'rejected', 'held', 'ignored_type', 'wrong_mode', 'unusable', 'parked')),
        CONSTRAINT ck_payments_amounts CHECK (gross_minor >= 0 AND base_minor >= 0),
        CONSTRAINT ck_payments_returned CHECK (returned_minor BETWEEN 0 AND gross_minor),
        CONSTRAINT ck_payments_currency_lower CHECK (currency = lower(currency)),
        CONSTRAINT ck_payments_cycle_kind CHECK (cycle_kind IN ('advance', 'arrears', 'within')),
        CONSTRAINT fk_payments_merged_into_id FOREIGN KEY (merged_into_id) REFERENCES payments (id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);
    CREATE INDEX ix_payments_conflict ON payments (organization_id, livemode, id) WHERE outcome_details ? 'conflict';
    CREATE INDEX ix_payments_held_until ON payments (held_until) WHERE outcome = 'held';
    CREATE INDEX ix_payments_merged_into_id ON payments (merged_into_id) WHERE merged_into_id IS NOT NULL;
    CREATE INDEX ix_payments_organization_id_livemode_id ON payments (organization_id, livemode, id);
    CREATE INDEX ix_payments_outcome ON payments (organization_id, livemode, outcome, id) WHERE outcome <> 'accrued';
    CREATE INDEX ix_payments_unlinked ON payments (customer, organization_id)
        WHERE outcome = 'unattributed' AND invoice = '';

    -- A name found on a Stripe object. Kept for ever: attribution is a function of all of it, never of its order.
    CREATE TABLE evidence (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        account text NOT NULL,
        livemode boolean NOT NULL,
        object_id text NOT NULL,
        carrier text NOT NULL,
        name text NOT NULL DEFAULT '',
        session_id text NOT NULL DEFAULT '',
        refers_to text NOT NULL DEFAULT '',
        field_path text NOT NULL,
        stripe_event_id text NOT NULL,
        evident_at timestamptz NOT NULL,
        awaits_touches boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_evidence PRIMARY KEY (id),
        CONSTRAINT uq_evidence_identity UNIQUE (object_id, organization_id, account, livemode, carrier, name,
            session_id, refers_to),
        CONSTRAINT ck_evidence_carrier CHECK (carrier IN ('manual', 'reported', 'touchpoint', 'charge_metadata',
            'invoice_metadata', 'subscription_metadata', 'session_metadata', 'client_reference', 'customer_metadata',
            'promotion_code'))
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);
    CREATE INDEX ix_evidence_awaits_touches ON evidence (created_at) WHERE awaits_touches;
    CREATE INDEX ix_evidence_name ON evidence (name, organization_id);
    CREATE INDEX ix_evidence_refers_to ON evidence (refers_to, organization_id) WHERE refers_to <> '';

    -- The recorded fact that a subscription, a customer or a single payment is credited to a partner.
    CREATE TABLE attributions (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_organization_id uuid,
        account text NOT NULL,
        livemode boolean NOT NULL,
        subject text NOT NULL,
        program_id uuid,
        partner_id uuid,
        snapshot_id uuid,
        carrier text NOT NULL,
        name text NOT NULL,
        field_path text NOT NULL,
        object_id text NOT NULL,
        stripe_event_id text NOT NULL,
        session_id text NOT NULL DEFAULT '',
        touchpoint_id uuid,
        evident_at timestamptz NOT NULL,
        bound_at timestamptz NOT NULL,
        bound_since timestamptz NOT NULL DEFAULT now(),
        applies_from timestamptz,
        moves_paid boolean NOT NULL DEFAULT false,
        decided_by text NOT NULL DEFAULT '',
        reason text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT now(),
        superseded_at timestamptz,
        CONSTRAINT pk_attributions PRIMARY KEY (id),
        CONSTRAINT ck_attributions_carrier CHECK (carrier IN ('manual', 'reported', 'touchpoint', 'charge_metadata',
            'invoice_metadata', 'subscription_metadata', 'session_metadata', 'client_reference', 'customer_metadata',
            'promotion_code')),
        CONSTRAINT ck_attributions_names_a_partner CHECK (carrier = 'manual' OR (partner_id IS NOT NULL AND program_id
            IS NOT NULL)),
        CONSTRAINT fk_attributions_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_attributions_partner_organization_id FOREIGN KEY (partner_organization_id)
            REFERENCES organizations (id),
        CONSTRAINT fk_attributions_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_attributions_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_attributions_snapshot_id FOREIGN KEY (snapshot_id) REFERENCES snapshots (id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);
    CREATE INDEX ix_attributions_by_hand ON attributions (subject, organization_id) WHERE carrier = 'manual';
    CREATE INDEX ix_attributions_partner_id ON attributions (partner_id);
    CREATE UNIQUE INDEX uq_attributions_current ON attributions (subject, organization_id, account, livemode)
        WHERE superseded_at IS NULL AND carrier <> 'manual';
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("""
        DROP TABLE attributions, evidence, payments, stripe_objects
    """)
