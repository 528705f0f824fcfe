"""A person chooses the language of the pages and of mails. The choice is stored before the organization is narrowed.

Revision: person_languages
Follows: signups_due
"""

from alembic import op

revision = "person_languages"
down_revision = "signups_due"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE people ADD COLUMN language text")
    op.execute("GRANT UPDATE (language) ON people TO accrual_entry")


def downgrade() -> None:
    op.execute("ALTER TABLE people DROP COLUMN language")
