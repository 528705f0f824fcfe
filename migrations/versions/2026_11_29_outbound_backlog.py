"""The web server's initial role may see what is due of deliveries, for the metric of the oldest one.

Revision: outbound_backlog
Follows: connected_accounts
"""

from alembic import op

revision = "outbound_backlog"
down_revision = "connected_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT (endpoint_id, state, next_attempt_at) ON outbound_deliveries TO accrual_entry")
    op.execute("CREATE POLICY entry_select ON outbound_deliveries FOR SELECT TO accrual_entry USING (true)")


def downgrade() -> None:
    op.execute("DROP POLICY entry_select ON outbound_deliveries")
    op.execute("REVOKE SELECT (endpoint_id, state, next_attempt_at) ON outbound_deliveries FROM accrual_entry")
