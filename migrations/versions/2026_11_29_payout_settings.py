"""How owners pay: the account of bank transfers, sealed, and the currency that Wise takes.

Revision: payout_settings
Follows: outbound_backlog
"""

from alembic import op

revision = "payout_settings"
down_revision = "outbound_backlog"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE payout_settings (
            organization_id uuid NOT NULL,
            debtor_encrypted text,
            debtor_masked jsonb,
            wise_source_currency char(3),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_payout_settings PRIMARY KEY (organization_id),
            CONSTRAINT fk_payout_settings_organization_id_organizations
                FOREIGN KEY (organization_id) REFERENCES organizations (id),
            CONSTRAINT ck_payout_settings_debtor CHECK ((debtor_encrypted IS NULL) = (debtor_masked IS NULL))
        )
    """)
    op.execute("""
        ALTER TABLE payout_settings ENABLE ROW LEVEL SECURITY;
        CREATE POLICY worker ON payout_settings TO accrual_worker USING (true) WITH CHECK (true);
        CREATE POLICY request ON payout_settings TO accrual_request
            USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
        GRANT SELECT, INSERT, UPDATE, DELETE ON payout_settings TO accrual_worker;
        GRANT SELECT, INSERT ON payout_settings TO accrual_request;
        GRANT UPDATE (debtor_encrypted, debtor_masked, wise_source_currency, updated_at) ON payout_settings
            TO accrual_request
    """)


def downgrade() -> None:
    op.drop_table("payout_settings")
