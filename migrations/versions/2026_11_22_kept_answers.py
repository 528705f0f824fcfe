"""First answers of requests that carry an Idempotency-Key, kept a day.

Revision: kept_answers
Follows: commission_sums
"""

import sqlalchemy as sa
from alembic import op

revision = "kept_answers"
down_revision = "commission_sums"
branch_labels = None
depends_on = None

POLICIES = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON kept_answers TO accrual_worker;
    GRANT SELECT, INSERT, UPDATE ON kept_answers TO accrual_request;
    ALTER TABLE kept_answers ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON kept_answers TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON kept_answers TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))
"""


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "request", name=op.f("pk_kept_answers")),
    )
    op.create_index("ix_kept_answers_created_at", "kept_answers", ["created_at"])
    op.execute(POLICIES)


def downgrade() -> None:
    op.drop_table("kept_answers")
