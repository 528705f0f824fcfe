"""Indexes for a partner's activity: the sign-ups and the customers that are its, by day.

Revision: own_activity
Follows: mails
"""

from alembic import op

revision = "own_activity"
down_revision = "mails"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX ix_attributions_partner_id")
    op.execute("CREATE INDEX ix_attributions_partner_id ON attributions (partner_id, bound_at)")
    op.execute("CREATE INDEX ix_session_touches_partner_id ON session_touches (partner_id, touched_at)")
    op.execute("CREATE INDEX ix_signups_partner_id ON signups (partner_id, occurred_at) WHERE partner_id IS NOT NULL")
    op.execute("CREATE INDEX ix_signups_session_id ON signups (session_id) WHERE session_id <> ''")


def downgrade() -> None:
    op.execute("DROP INDEX ix_signups_session_id, ix_signups_partner_id, ix_session_touches_partner_id")
    op.execute("DROP INDEX ix_attributions_partner_id")
    op.execute("CREATE INDEX ix_attributions_partner_id ON attributions (partner_id)")
