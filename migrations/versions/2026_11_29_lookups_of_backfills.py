"""A look-up knows whether only a backfill asked for it: what it finds is a fact of that backfill.

Revision: lookups_of_backfills
Follows: payout_transfers
"""

from alembic import op

revision = "lookups_of_backfills"
down_revision = "payout_transfers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE lookups ADD COLUMN is_backfill boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE lookups DROP COLUMN is_backfill")
