"""Requests may end a transfer for which Stripe was not called yet.

Revision: withdrawn_transfers
Follows: payouts_of_runs
"""

from alembic import op

revision = "withdrawn_transfers"
down_revision = "payouts_of_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT UPDATE (lease, due_at, problem) ON payout_transfers TO accrual_request")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (lease, due_at, problem) ON payout_transfers FROM accrual_request")
