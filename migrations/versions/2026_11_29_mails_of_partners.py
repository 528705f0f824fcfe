"""The list of a partner's mails is read by one index, in its order.

Revision: mails_of_partners
Follows: rejection_reasons
"""

from alembic import op

revision = "mails_of_partners"
down_revision = "rejection_reasons"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX ix_mails_partner_id")
    op.execute("CREATE INDEX ix_mails_partner_id ON mails (partner_id, organization_id, id)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_mails_partner_id")
    op.execute("CREATE INDEX ix_mails_partner_id ON mails (partner_id, id)")
