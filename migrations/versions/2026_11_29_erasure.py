"""Tombstones of erased people, and the rights to erase what only grew until now.

Revision: erasure
Follows: opening_balances
"""

from alembic import op

revision = "erasure"
down_revision = "opening_balances"
branch_labels = None
depends_on = None

TOMBSTONES = """
    CREATE TABLE tombstones (
        organization_id uuid NOT NULL,
        name text NOT NULL,
        erasure_id uuid NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_tombstones PRIMARY KEY (organization_id, name),
        CONSTRAINT fk_tombstones_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE INDEX ix_tombstones_erasure_id ON tombstones (erasure_id);
    ALTER TABLE tombstones ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON tombstones TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON tombstones TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY entry ON tombstones TO accrual_entry USING (true);
    GRANT SELECT, INSERT ON tombstones TO accrual_worker;
    GRANT SELECT ON tombstones TO accrual_request;
    GRANT SELECT (organization_id) ON tombstones TO accrual_entry
"""

# Amounts, ids and times of these rows can still not be changed by any role; words can.
RIGHTS = """
    GRANT UPDATE (data) ON outbound_messages TO accrual_worker;
    GRANT UPDATE (answer) ON outbound_attempts TO accrual_worker;
    GRANT UPDATE (landing, referrer, utm, address_hash, agent_hash) ON touchpoints TO accrual_worker;
    GRANT UPDATE (reason) ON payout_returns TO accrual_worker;
    DROP TRIGGER refuse_change ON payout_returns;
    CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE OR UPDATE OF payout_id, number, organization_id, livemode,
        gross_minor, fee_minor, net_minor, provider_id, occurred_at, created_at ON payout_returns
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""

NO_RIGHTS = """
    DROP TRIGGER refuse_change ON payout_returns;
    CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_returns
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    REVOKE UPDATE (reason) ON payout_returns FROM accrual_worker;
    REVOKE UPDATE (landing, referrer, utm, address_hash, agent_hash) ON touchpoints FROM accrual_worker;
    REVOKE UPDATE (answer) ON outbound_attempts FROM accrual_worker;
    REVOKE UPDATE (data) ON outbound_messages FROM accrual_worker
"""


def upgrade() -> None:
    op.execute(TOMBSTONES)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute(NO_RIGHTS)
    op.execute("DROP TABLE tombstones")
