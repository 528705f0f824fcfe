"""Histories and cut-off moves get their transaction id from the job that settles them; an index of backfill look-ups.

Revision: histories_wait
Follows: unasked_histories
"""

from alembic import op

revision = "histories_wait"
down_revision = "unasked_histories"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the ids optional, and create the index by which payouts find what they wait for."""
    for table in ("customer_histories", "cutoff_moves"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN xid DROP NOT NULL, ALTER COLUMN xid DROP DEFAULT")
    op.execute("""
        CREATE INDEX ix_lookups_backfill ON lookups (organization_id, livemode, id)
        WHERE done_at IS NULL AND is_backfill
    """)


def downgrade() -> None:
    """Drop the index, and require the ids again."""
    op.execute("DROP INDEX ix_lookups_backfill")
    for table in ("customer_histories", "cutoff_moves"):
        op.execute(f"UPDATE {table} SET xid = pg_current_xact_id() WHERE xid IS NULL")
        op.execute(
            f"ALTER TABLE {table} ALTER COLUMN xid SET NOT NULL, ALTER COLUMN xid SET DEFAULT pg_current_xact_id()"
        )
