"""Before a caller is known, the payout method of a partner is read for the fact that it joined; not its destination.

Revision: outbound_partners
Follows: payout_methods
"""

from alembic import op

revision = "outbound_partners"
down_revision = "payout_methods"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT (partner_id, method) ON payout_methods TO accrual_entry")
    op.execute("CREATE POLICY entry_select ON payout_methods FOR SELECT TO accrual_entry USING (true)")


def downgrade() -> None:
    op.execute("DROP POLICY entry_select ON payout_methods")
    op.execute("REVOKE SELECT (partner_id, method) ON payout_methods FROM accrual_entry")
