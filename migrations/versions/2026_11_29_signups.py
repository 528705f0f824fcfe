"""Customer sign-ups: users of the merchant's own system, with the partner that brought them.

Revision: signups
Follows: withdrawn_transfers
"""

from alembic import op

revision = "signups"
down_revision = "withdrawn_transfers"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE signups (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid NOT NULL,
        livemode boolean NOT NULL,
        customer_id text NOT NULL,
        source text NOT NULL,
        partner_id uuid,
        session_id text NOT NULL DEFAULT '',
        email_mark text NOT NULL DEFAULT '',
        stripe_customer_id text NOT NULL DEFAULT '',
        occurred_at timestamptz NOT NULL,
        cause text NOT NULL,
        check_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_signups PRIMARY KEY (id),
        CONSTRAINT ck_signups_source CHECK (source IN ('server', 'browser') OR source ~ '^import:.'),
        CONSTRAINT ck_signups_claim CHECK (source <> 'browser' OR session_id <> '' AND email_mark <> ''
            AND partner_id IS NULL AND stripe_customer_id = ''),
        CONSTRAINT fk_signups_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_signups_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_signups_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id)
    );
    CREATE UNIQUE INDEX uq_signups_stated ON signups (customer_id, program_id, livemode) WHERE source <> 'browser';
    CREATE UNIQUE INDEX uq_signups_claimed ON signups (customer_id, program_id, livemode, session_id, email_mark)
        WHERE source = 'browser';
    CREATE INDEX ix_signups_stripe_customer_id ON signups (stripe_customer_id, organization_id)
        WHERE stripe_customer_id <> '';
    CREATE INDEX ix_signups_email_mark ON signups (email_mark, organization_id)
        WHERE email_mark <> '' AND source <> 'browser';
    CREATE INDEX ix_signups_organization_id_livemode_id ON signups (organization_id, livemode, id);
    CREATE INDEX ix_signups_check_at ON signups (check_at) WHERE check_at IS NOT NULL;
    CREATE INDEX ix_signups_claims_created_at ON signups (created_at) WHERE source = 'browser';

    ALTER TABLE signups ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON signups TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON signups TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY mode ON signups AS RESTRICTIVE TO accrual_request USING (livemode = (SELECT visible_livemode()));
    GRANT SELECT, INSERT, UPDATE, DELETE ON signups TO accrual_worker;
    GRANT SELECT, INSERT, UPDATE (partner_id, session_id, email_mark, stripe_customer_id, check_at) ON signups
        TO accrual_request
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE signups")
