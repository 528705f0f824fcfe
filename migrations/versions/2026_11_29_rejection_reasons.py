"""Why a partner's application was rejected, which the partner and the program's owner read afterwards.

Revision: rejection_reasons
Follows: lookups_of_customers
"""

from alembic import op

revision = "rejection_reasons"
down_revision = "lookups_of_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; applications rejected before have no reason."""
    op.execute("ALTER TABLE partners ADD COLUMN rejection_reason text")
    op.execute("GRANT UPDATE (rejection_reason) ON partners TO accrual_request, accrual_entry")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE partners DROP COLUMN rejection_reason")
