"""A link names a code and no owner, so codes are found by themselves.

Revision: links
Follows: kept_answers
"""

from alembic import op

revision = "links"
down_revision = "kept_answers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_partner_codes_code", "partner_codes", ["code"])


def downgrade() -> None:
    op.drop_index("ix_partner_codes_code", "partner_codes")
