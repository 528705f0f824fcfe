"""Indexes of the sign-ups that are due, apart for those stated and for claims: claims delay no other sign-up.

Revision: signups_due
Follows: partners_people
"""

from alembic import op

revision = "signups_due"
down_revision = "partners_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the index."""
    op.execute("""
        DROP INDEX ix_signups_check_at;
        CREATE INDEX ix_signups_stated_check_at ON signups (check_at)
        WHERE check_at IS NOT NULL AND source <> 'browser';
        CREATE INDEX ix_signups_claims_check_at ON signups (check_at)
        WHERE check_at IS NOT NULL AND source = 'browser';
    """)


def downgrade() -> None:
    """Put the one index back."""
    op.execute("""
        DROP INDEX ix_signups_claims_check_at;
        DROP INDEX ix_signups_stated_check_at;
        CREATE INDEX ix_signups_check_at ON signups (check_at) WHERE check_at IS NOT NULL;
    """)
