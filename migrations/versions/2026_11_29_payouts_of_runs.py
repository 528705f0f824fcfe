"""The index of payouts under way is by run: the last one of a run ends it.

Revision: payouts_of_runs
Follows: delivery_lists
"""

from alembic import op

revision = "payouts_of_runs"
down_revision = "delivery_lists"
branch_labels = None
depends_on = None

UNDER_WAY = "WHERE status IN ('pending', 'processing', 'sent')"


def upgrade() -> None:
    op.execute("DROP INDEX ix_payouts_under_way")
    op.execute(f"CREATE INDEX ix_payouts_under_way ON payouts (run_id, id) {UNDER_WAY}")


def downgrade() -> None:
    op.execute("DROP INDEX ix_payouts_under_way")
    op.execute(f"CREATE INDEX ix_payouts_under_way ON payouts (program_id, livemode, id) {UNDER_WAY}")
