"""Attributions by hand: who decided and why, from when on, and whether what was paid moves too.

Revision: by_hand
Follows: stripe_api_keys
"""

import sqlalchemy as sa
from alembic import op

revision = "by_hand"
down_revision = "stripe_api_keys"
branch_labels = None
depends_on = None

CURRENT = "uq_attributions_current"
SUBJECT = ("organization_id", "account", "livemode", "subject")


def upgrade() -> None:
    for column in ("program_id", "partner_id"):
        op.alter_column("attributions", column, nullable=True)
    op.add_column(
        "attributions",
        sa.Column("bound_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.execute("UPDATE attributions SET bound_since = created_at")
    op.add_column("attributions", sa.Column("applies_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attributions", sa.Column("moves_paid", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("attributions", sa.Column("decided_by", sa.Text(), server_default="", nullable=False))
    op.add_column("attributions", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        op.f("ck_attributions_names_a_partner"),
        "attributions",
        "carrier = 'manual' OR (partner_id IS NOT NULL AND program_id IS NOT NULL)",
    )
    op.drop_index(CURRENT, "attributions")
    current = sa.text("superseded_at IS NULL AND carrier <> 'manual'")
    op.create_index(CURRENT, "attributions", [*SUBJECT], unique=True, postgresql_where=current)
    op.create_index(
        "ix_attributions_by_hand",
        "attributions",
        ["organization_id", "subject"],
        postgresql_where=sa.text("carrier = 'manual'"),
    )
    op.create_index(
        "ix_payments_conflict",
        "payments",
        ["organization_id", "id"],
        postgresql_where=sa.text("outcome_details ? 'conflict'"),
    )


def downgrade() -> None:
    op.drop_index("ix_payments_conflict", "payments")
    op.drop_index("ix_attributions_by_hand", "attributions")
    op.drop_index(CURRENT, "attributions")
    op.create_index(CURRENT, "attributions", [*SUBJECT], unique=True, postgresql_where=sa.text("superseded_at IS NULL"))
    op.drop_constraint(op.f("ck_attributions_names_a_partner"), "attributions")
    for column in ("reason", "decided_by", "moves_paid", "applies_from", "bound_since"):
        op.drop_column("attributions", column)
    for column in ("program_id", "partner_id"):
        op.alter_column("attributions", column, nullable=False)
