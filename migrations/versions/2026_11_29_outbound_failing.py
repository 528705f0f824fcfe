"""The web server's initial role may see which endpoints fail, whose deliveries the metric of the oldest one leaves out.

Revision: outbound_failing
Follows: payouts
"""

from alembic import op

revision = "outbound_failing"
down_revision = "payouts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT (failing_since) ON outbound_endpoints TO accrual_entry")


def downgrade() -> None:
    op.execute("REVOKE SELECT (failing_since) ON outbound_endpoints FROM accrual_entry")
