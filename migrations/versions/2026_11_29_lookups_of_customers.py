"""An index of the look-ups of customers that have no answer: the list of what waits has them.

Revision: lookups_of_customers
Follows: applications
"""

from alembic import op

revision = "lookups_of_customers"
down_revision = "applications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.execute("""
        CREATE INDEX ix_lookups_customers ON lookups (organization_id, livemode, queued_at)
        WHERE kind = 'customer' AND asked_for = '' AND (done_at IS NULL OR problem IS NOT NULL)
    """)


def downgrade() -> None:
    """Drop the index."""
    op.execute("DROP INDEX ix_lookups_customers")
