"""What names a billing cycle, since when a payment is held, and entries that take an automatic approval back.

Revision: cycles_and_holds
Follows: least_privilege
"""

import sqlalchemy as sa
from alembic import op

revision = "cycles_and_holds"
down_revision = "least_privilege"
branch_labels = None
depends_on = None

BEFORE = "'accrual', 'adjustment', 'approval', 'payout', 'payout_failed', 'payout_paid', 'transfer_reversed'"
KINDS = "'advance', 'arrears', 'within'"


def upgrade() -> None:
    op.add_column("payments", sa.Column("held_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payments", sa.Column("cycle_kind", sa.Text(), nullable=True))
    op.add_column("payments", sa.Column("billed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_payments_cycle_kind"), "payments", f"cycle_kind IN ({KINDS})")
    op.drop_constraint(op.f("ck_journal_entries_kind"), "journal_entries")
    op.create_check_constraint(op.f("ck_journal_entries_kind"), "journal_entries", f"kind IN ({BEFORE}, 'hold')")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_journal_entries_kind"), "journal_entries")
    op.create_check_constraint(op.f("ck_journal_entries_kind"), "journal_entries", f"kind IN ({BEFORE})")
    op.drop_constraint(op.f("ck_payments_cycle_kind"), "payments")
    for column in ("billed_at", "cycle_kind", "held_since"):
        op.drop_column("payments", column)
