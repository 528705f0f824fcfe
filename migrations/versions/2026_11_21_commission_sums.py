"""Checkpoints of statistics: sums of the postings below a transaction id, by program, partner and day.

Revision: commission_sums
Follows: organization_tree
"""

import sqlalchemy as sa
from alembic import op

from app.ledger.models import Xid8

revision = "commission_sums"
down_revision = "organization_tree"
branch_labels = None
depends_on = None

NOBODY = "00000000-0000-0000-0000-000000000000"
MINORS = ("accrued_minor", "payable_minor", "clearing_minor", "paid_minor", "fee_minor")
COUNTS = ("commission_count", "conversion_count")


def upgrade() -> None:
    op.create_index("ix_journal_entries_organization_id_xid", "journal_entries", ["organization_id", "xid"])
    op.create_table(
        "commission_sums",
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in (*MINORS, *COUNTS)),
        sa.PrimaryKeyConstraint("program_id", "partner_id", "day", "currency", name=op.f("pk_commission_sums")),
    )
    op.create_index(
        "ix_commission_sums_by_day",
        "commission_sums",
        ["program_id", "day"],
        postgresql_where=sa.text(f"partner_id <> '{NOBODY}'"),
    )
    op.create_table(
        "sums_checkpoints",
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("below", Xid8(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("program_id", name=op.f("pk_sums_checkpoints")),
    )
    op.create_index("ix_partners_program_id_id", "partners", ["program_id", "id"])
    for table in ("commission_sums", "sums_checkpoints"):
        _protect(table)


def _protect(table: str) -> None:
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO accrual_worker")
    op.execute(f"GRANT SELECT ON {table} TO accrual_request")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY request ON {table} TO accrual_request "
        "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
    )


def downgrade() -> None:
    op.drop_index("ix_partners_program_id_id", "partners")
    op.drop_table("sums_checkpoints")
    op.drop_table("commission_sums")
    op.drop_index("ix_journal_entries_organization_id_xid", "journal_entries")
