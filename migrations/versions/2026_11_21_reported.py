"""Merchants report conversions and refunds through the API; lists by status walk an index.

Revision: reported
Follows: links
"""

import sqlalchemy as sa
from alembic import op

revision = "reported"
down_revision = "links"
branch_labels = None
depends_on = None

BEFORE = (
    "manual",
    "touchpoint",
    "charge_metadata",
    "invoice_metadata",
    "subscription_metadata",
    "session_metadata",
    "client_reference",
    "customer_metadata",
    "promotion_code",
)


def upgrade() -> None:
    _allow(("manual", "reported", *BEFORE[1:]))
    op.create_index(
        "uq_stripe_objects_reported",
        "stripe_objects",
        ["id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'reported'"),
    )
    op.execute("GRANT INSERT ON stripe_objects TO accrual_request")
    op.create_index("ix_commissions_status", "commissions", ["organization_id", "status", "id"])
    op.create_index(
        "ix_commissions_conversions_by_status",
        "commissions",
        ["organization_id", "status", "conversion_id"],
        postgresql_where=sa.text("level = 0"),
    )
    op.create_index("ix_conversions_program_id_id", "conversions", ["program_id", "id"])


def _allow(carriers: tuple[str, ...]) -> None:
    words = ", ".join(f"'{carrier}'" for carrier in carriers)
    for table in ("evidence", "attributions"):
        op.drop_constraint(op.f(f"ck_{table}_carrier"), table)
        op.create_check_constraint(op.f(f"ck_{table}_carrier"), table, f"carrier IN ({words})")


def downgrade() -> None:
    op.drop_index("ix_conversions_program_id_id", "conversions")
    op.drop_index("ix_commissions_conversions_by_status", "commissions")
    op.drop_index("ix_commissions_status", "commissions")
    op.execute("REVOKE INSERT ON stripe_objects FROM accrual_request")
    op.drop_index("uq_stripe_objects_reported", "stripe_objects")
    _allow(BEFORE)
