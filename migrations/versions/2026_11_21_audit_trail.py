"""The audit trail: entries that every role may add and none may change.

Revision: audit_trail
Follows: program_offers
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "audit_trail"
down_revision = "program_offers"
branch_labels = None
depends_on = None

POLICIES = """
    GRANT SELECT, INSERT ON audit_entries TO accrual_worker, accrual_request;
    ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON audit_entries TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON audit_entries TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))
"""


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(r"action ~ '^[a-z_]+(\.[a-z_]+)+$'", name=op.f("ck_audit_entries_action")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_audit_entries_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_organization_id", "audit_entries", ["organization_id", "id"])
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject_id", "organization_id", "id"])
    op.create_index("ix_audit_entries_action", "audit_entries", ["organization_id", "action", "id"])
    op.execute(POLICIES)


def downgrade() -> None:
    op.drop_table("audit_entries")
