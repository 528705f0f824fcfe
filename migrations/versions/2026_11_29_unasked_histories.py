"""An index of the customer histories by address that Stripe was not asked for: an export asks whether there are any.

Revision: unasked_histories
Follows: referral_keys
"""

from alembic import op

revision = "unasked_histories"
down_revision = "referral_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.execute("""
        CREATE INDEX ix_customer_histories_unasked ON customer_histories (organization_id, livemode, id)
        WHERE email_encrypted IS NOT NULL
    """)


def downgrade() -> None:
    """Drop the index."""
    op.execute("DROP INDEX ix_customer_histories_unasked")
