"""The web server's initial role may count the payouts that are under way, for the metrics.

Revision: payout_backlog
Follows: lookups_of_backfills
"""

from alembic import op

revision = "payout_backlog"
down_revision = "lookups_of_backfills"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT (status) ON payouts TO accrual_entry")
    op.execute("CREATE POLICY entry_select ON payouts FOR SELECT TO accrual_entry USING (true)")


def downgrade() -> None:
    op.execute("DROP POLICY entry_select ON payouts")
    op.execute("REVOKE SELECT (status) ON payouts FROM accrual_entry")
