"""What Stripe shall be asked for, each thing once.

Revision: lookups
Follows: by_hand
"""

import sqlalchemy as sa
from alembic import op

revision = "lookups"
down_revision = "by_hand"
branch_labels = None
depends_on = None

POLICIES = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON lookups TO accrual_worker;
    GRANT SELECT, INSERT, UPDATE ON lookups TO accrual_request;
    ALTER TABLE lookups ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON lookups TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON lookups TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))
"""


def upgrade() -> None:
    op.create_table(
        "lookups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("asked_for", sa.Text(), server_default="", nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookups")),
        sa.UniqueConstraint(
            *("object_id", "kind", "asked_for", "organization_id", "account", "livemode"), name="uq_lookups_identity"
        ),
    )
    op.create_index("ix_lookups_due", "lookups", ["next_attempt_at", "id"], postgresql_where=sa.text("done_at IS NULL"))
    op.create_index(
        "ix_lookups_open",
        "lookups",
        ["organization_id"],
        postgresql_where=sa.text("done_at IS NULL OR problem IS NOT NULL"),
    )
    op.execute(POLICIES)


def downgrade() -> None:
    op.drop_table("lookups")
