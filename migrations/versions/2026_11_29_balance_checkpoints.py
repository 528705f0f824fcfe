"""Checkpoints of balances by recorded time, from which a balance at any time is read.

Revision: balance_checkpoints
Follows: outbound_partners
"""

from alembic import op

revision = "balance_checkpoints"
down_revision = "outbound_partners"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE balances_reached (
        program_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        until timestamptz NOT NULL,
        below xid8 NOT NULL,
        CONSTRAINT pk_balances_reached PRIMARY KEY (program_id)
    );
    ALTER TABLE balances_reached ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON balances_reached TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON balances_reached TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    GRANT SELECT, INSERT, UPDATE, DELETE ON balances_reached TO accrual_worker;
    GRANT SELECT ON balances_reached TO accrual_request;

    CREATE TABLE balance_checkpoints (
        program_id uuid NOT NULL,
        livemode boolean NOT NULL,
        partner_id uuid NOT NULL,
        currency char(3) NOT NULL,
        recorded_before timestamptz NOT NULL,
        organization_id uuid NOT NULL,
        accrued_minor bigint NOT NULL,
        payable_minor bigint NOT NULL,
        clearing_minor bigint NOT NULL,
        paid_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        written_off_minor bigint NOT NULL,
        entry_ids uuid[] NOT NULL,
        CONSTRAINT pk_balance_checkpoints PRIMARY KEY (partner_id, livemode, currency, recorded_before)
    );
    CREATE INDEX ix_balance_checkpoints_program ON balance_checkpoints (program_id, livemode, recorded_before);
    ALTER TABLE balance_checkpoints ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON balance_checkpoints TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON balance_checkpoints TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY mode ON balance_checkpoints AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    GRANT SELECT, INSERT, UPDATE, DELETE ON balance_checkpoints TO accrual_worker;
    GRANT SELECT ON balance_checkpoints TO accrual_request;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE balance_checkpoints, balances_reached")
