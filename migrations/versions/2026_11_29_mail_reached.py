"""How far the clock has looked for facts to write mails about.

Revision: mail_reached
Follows: own_activity
"""

from alembic import op

revision = "mail_reached"
down_revision = "own_activity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE mail_reached (
            name text NOT NULL,
            reached_at timestamptz NOT NULL,
            CONSTRAINT pk_mail_reached PRIMARY KEY (name)
        );
        ALTER TABLE mail_reached ENABLE ROW LEVEL SECURITY;
        CREATE POLICY worker ON mail_reached TO accrual_worker USING (true) WITH CHECK (true);
        GRANT SELECT, INSERT, UPDATE, DELETE ON mail_reached TO accrual_worker
    """)


def downgrade() -> None:
    op.execute("DROP TABLE mail_reached")
