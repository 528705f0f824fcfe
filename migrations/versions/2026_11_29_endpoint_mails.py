"""Mails that say that a webhook endpoint was disabled.

Revision: endpoint_mails
Follows: payout_settings
"""

from alembic import op

revision = "endpoint_mails"
down_revision = "payout_settings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE outbound_endpoints ADD COLUMN mail_due_at timestamptz,
            ADD COLUMN mail_attempts integer NOT NULL DEFAULT 0;
        CREATE INDEX ix_outbound_endpoints_mail_due ON outbound_endpoints (mail_due_at) WHERE mail_due_at IS NOT NULL;
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE outbound_endpoints DROP COLUMN mail_due_at, DROP COLUMN mail_attempts")
