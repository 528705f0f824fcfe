"""Files of payouts without their content, which an export without a passphrase does not have.

Revision: files_without_content
Follows: signup_carrier
"""

from alembic import op

revision = "files_without_content"
down_revision = "signup_carrier"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE payout_files ALTER COLUMN content_encrypted DROP NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE payout_files ALTER COLUMN content_encrypted SET NOT NULL")
