"""Promotions used on Stripe objects and the partners they belong to, and since when partners have their status.

Revision: promotions
Follows: stripe_runs
"""

import sqlalchemy as sa
from alembic import op

revision = "promotions"
down_revision = "stripe_runs"
branch_labels = None
depends_on = None

IDENTITY = ("organization_id", "account", "livemode", "object_id", "carrier", "name", "session_id")


def upgrade() -> None:
    op.add_column("evidence", sa.Column("refers_to", sa.Text(), server_default="", nullable=False))
    op.drop_constraint("uq_evidence_identity", "evidence", type_="unique")
    op.create_unique_constraint("uq_evidence_identity", "evidence", [*IDENTITY, "refers_to"])
    op.create_index(
        "ix_evidence_refers_to",
        "evidence",
        ["refers_to", "organization_id"],
        postgresql_where=sa.text("refers_to <> ''"),
    )
    op.add_column(
        "partners",
        sa.Column("status_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.execute("UPDATE partners SET status_changed_at = coalesce(activated_at, created_at)")
    op.create_table(
        "partner_promotions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("promotion", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "promotion ~ '^(promotion_code|coupon|code):.'", name=op.f("ck_partner_promotions_promotion")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_partner_promotions_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_promotions_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_promotions")),
    )
    op.create_index(
        "uq_partner_promotions_given",
        "partner_promotions",
        ["promotion", "organization_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("ix_partner_promotions_promotion", "partner_promotions", ["promotion", "organization_id"])
    op.create_index("ix_partner_promotions_partner_id", "partner_promotions", ["partner_id"])
    _protect("partner_promotions", "INSERT, UPDATE")


def _protect(table: str, request_may: str) -> None:
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO accrual_worker")
    op.execute(f"GRANT SELECT, {request_may} ON {table} TO accrual_request")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY request ON {table} TO accrual_request "
        "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
    )


def downgrade() -> None:
    op.drop_table("partner_promotions")
    op.drop_column("partners", "status_changed_at")
    op.drop_index("ix_evidence_refers_to", "evidence")
    op.execute("DELETE FROM evidence WHERE refers_to <> ''")
    op.drop_constraint("uq_evidence_identity", "evidence", type_="unique")
    op.create_unique_constraint("uq_evidence_identity", "evidence", [*IDENTITY])
    op.drop_column("evidence", "refers_to")
