"""Lists of webhook deliveries by status and by event type walk an index of their own.

Revision: delivery_lists
Follows: payout_files
"""

from alembic import op

revision = "delivery_lists"
down_revision = "payout_files"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX ix_outbound_deliveries_state ON outbound_deliveries (organization_id, livemode, state, id);
        CREATE INDEX ix_outbound_deliveries_type ON outbound_deliveries (organization_id, livemode, type, id);
    """)


def downgrade() -> None:
    op.execute("DROP INDEX ix_outbound_deliveries_type, ix_outbound_deliveries_state")
