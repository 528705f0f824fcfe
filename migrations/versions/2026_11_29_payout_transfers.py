"""Transfers of payouts to connected accounts.

Revision: payout_transfers
Follows: statements
"""

from alembic import op

revision = "payout_transfers"
down_revision = "statements"
branch_labels = None
depends_on = None

SCHEMA = """
    ALTER TABLE payouts ADD failure_details jsonb;
    CREATE INDEX ix_payouts_to_transfer ON payouts (id) WHERE method = 'stripe' AND status = 'pending';

    CREATE TABLE payout_transfers (
        payout_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        account text NOT NULL,
        currency char(3) NOT NULL,
        amount_minor bigint NOT NULL,
        transfer_id text,
        reversed_minor bigint NOT NULL DEFAULT 0,
        sent_at timestamptz,
        problem jsonb,
        due_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        lease integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_payout_transfers PRIMARY KEY (payout_id),
        CONSTRAINT ck_payout_transfers_amount CHECK (amount_minor > 0),
        CONSTRAINT ck_payout_transfers_reversed CHECK (reversed_minor BETWEEN 0 AND amount_minor),
        CONSTRAINT fk_payout_transfers_payout_id FOREIGN KEY (payout_id) REFERENCES payouts (id)
    );
    CREATE INDEX ix_payout_transfers_due ON payout_transfers (due_at, payout_id) WHERE due_at IS NOT NULL;

    ALTER TABLE payout_transfers ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON payout_transfers TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON payout_transfers TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY mode ON payout_transfers AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    GRANT SELECT, INSERT, UPDATE, DELETE ON payout_transfers TO accrual_worker;
    GRANT SELECT ON payout_transfers TO accrual_request
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE payout_transfers")
    op.execute("DROP INDEX ix_payouts_to_transfer")
    op.execute("ALTER TABLE payouts DROP COLUMN failure_details")
