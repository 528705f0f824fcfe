"""Block-range indexes for lists of a period: they have no entry for a row, and updates stay heap-only.

Revision: periods
Follows: declared_statistics
"""

from alembic import op

revision = "periods"
down_revision = "declared_statistics"
branch_labels = None
depends_on = None

TIMES = {
    "stripe_events": "received_at",
    "payments": "occurred_at",
    "commissions": "accrued_at",
    "audit_entries": "created_at",
}


def upgrade() -> None:
    for table, column in TIMES.items():
        op.execute(
            f"CREATE INDEX ix_{table}_{column} ON {table} USING brin ({column} timestamptz_minmax_multi_ops) "
            "WITH (pages_per_range = 16, autosummarize = on)"
        )


def downgrade() -> None:
    for table, column in TIMES.items():
        op.drop_index(f"ix_{table}_{column}", table)
