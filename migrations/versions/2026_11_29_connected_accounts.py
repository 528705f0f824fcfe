"""Partners' connected accounts at Stripe; the affiliate requests its own, and takes its onboarding link.

Revision: connected_accounts
Follows: balance_checkpoints
"""

from alembic import op

revision = "connected_accounts"
down_revision = "balance_checkpoints"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE connected_accounts (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        country text,
        agreement text,
        stripe_account_id text,
        transfers text NOT NULL DEFAULT 'inactive',
        has_details boolean NOT NULL DEFAULT false,
        requirements jsonb NOT NULL DEFAULT '{}',
        stated_at timestamptz,
        bank_payout jsonb,
        link_requested_at timestamptz,
        link_return_url text,
        link_refresh_url text,
        link_encrypted text,
        link_expires_at timestamptz,
        link_given_at timestamptz,
        problem jsonb,
        due_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        lease integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_connected_accounts PRIMARY KEY (id),
        CONSTRAINT uq_connected_accounts_identity
            UNIQUE (partner_organization_id, organization_id, livemode),
        CONSTRAINT ck_connected_accounts_agreement CHECK (agreement IN ('full', 'recipient')),
        CONSTRAINT ck_connected_accounts_created CHECK ((stripe_account_id IS NULL) = (agreement IS NULL)),
        CONSTRAINT ck_connected_accounts_link CHECK ((link_encrypted IS NULL) = (link_expires_at IS NULL)),
        CONSTRAINT fk_connected_accounts_organization_id
            FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_connected_accounts_partner_organization_id
            FOREIGN KEY (partner_organization_id) REFERENCES organizations (id)
    );
    CREATE UNIQUE INDEX uq_connected_accounts_stripe_account_id
        ON connected_accounts (stripe_account_id, organization_id);
    CREATE INDEX ix_connected_accounts_due ON connected_accounts (due_at, id) WHERE due_at IS NOT NULL;

    ALTER TABLE connected_accounts ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON connected_accounts TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON connected_accounts TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY mode ON connected_accounts AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    CREATE POLICY partner ON connected_accounts FOR SELECT TO accrual_request
        USING (partner_organization_id = (SELECT calling_affiliate())
               AND ((SELECT named_partner()) IS NULL OR organization_id = (SELECT calling_partners_owner())));
    CREATE POLICY partner_writes ON connected_accounts TO accrual_request
        USING (partner_organization_id = (SELECT calling_affiliate())
               AND organization_id = (SELECT calling_partners_owner()))
        WITH CHECK (partner_organization_id = (SELECT calling_affiliate())
                    AND organization_id = (SELECT calling_partners_owner()));
    GRANT SELECT, INSERT, UPDATE, DELETE ON connected_accounts TO accrual_worker;
    GRANT SELECT, INSERT (id, organization_id, partner_organization_id, livemode, country, due_at),
        UPDATE (country, link_requested_at, link_return_url, link_refresh_url, link_encrypted, link_expires_at,
            link_given_at, due_at) ON connected_accounts TO accrual_request
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE connected_accounts")
