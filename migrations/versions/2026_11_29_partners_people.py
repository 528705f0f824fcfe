"""Joining a program makes a person: who uses an invitation or confirms an address may sign in to the partner's account.

Both are requests whose caller is not known yet. Reading a membership with a lock needs the right to update a column.

Revision: partners_people
Follows: people
"""

from alembic import op

revision = "partners_people"
down_revision = "people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT INSERT, UPDATE (disabled_at) ON memberships TO accrual_entry")


def downgrade() -> None:
    op.execute("REVOKE INSERT, UPDATE (disabled_at) ON memberships FROM accrual_entry")
