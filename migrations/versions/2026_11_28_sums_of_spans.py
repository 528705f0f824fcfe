"""Sums of commissions are kept for spans of days, so that ranking partners reads a few rows of each.

The sums are derived: the clock makes them again.

Revision: sums_of_spans
Follows: different_documents
"""

import sqlalchemy as sa
from alembic import op

revision = "sums_of_spans"
down_revision = "different_documents"
branch_labels = None
depends_on = None

PARTNERS_ONLY = "partner_id <> '00000000-0000-0000-0000-000000000000'"


def upgrade() -> None:
    _delete_sums()
    op.add_column("commission_sums", sa.Column("days", sa.SmallInteger(), nullable=False))
    _key("program_id", "livemode", "partner_id", "days", "day", "currency")
    _index("program_id", "livemode", "days", "day")


def downgrade() -> None:
    _delete_sums()
    op.drop_index("ix_commission_sums_by_day", "commission_sums")
    op.drop_column("commission_sums", "days")
    op.create_primary_key(
        op.f("pk_commission_sums"), "commission_sums", ["program_id", "livemode", "partner_id", "day", "currency"]
    )
    op.create_index(
        "ix_commission_sums_by_day",
        "commission_sums",
        ["program_id", "livemode", "day"],
        postgresql_where=sa.text(PARTNERS_ONLY),
    )


def _delete_sums() -> None:
    op.execute("DELETE FROM commission_sums")
    op.execute("DELETE FROM sums_checkpoints")


def _key(*columns: str) -> None:
    op.drop_constraint(op.f("pk_commission_sums"), "commission_sums")
    op.create_primary_key(op.f("pk_commission_sums"), "commission_sums", list(columns))


def _index(*columns: str) -> None:
    op.drop_index("ix_commission_sums_by_day", "commission_sums")
    op.create_index(
        "ix_commission_sums_by_day", "commission_sums", list(columns), postgresql_where=sa.text(PARTNERS_ONLY)
    )
