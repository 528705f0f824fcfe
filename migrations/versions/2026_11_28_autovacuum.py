"""Hot tables are vacuumed and analyzed after a fiftieth of their rows has changed, not after a fifth.

At a million payments the default waits for 200,000 changed rows. Until then plans rest on old statistics, and index-only
scans visit the heap.

Revision: autovacuum
Follows: sums_of_spans
"""

from alembic import op

revision = "autovacuum"
down_revision = "sums_of_spans"
branch_labels = None
depends_on = None

CHANGED = ("stripe_events", "stripe_objects", "payments", "commissions", "attributions")
"""Tables whose rows are updated after they were inserted."""
GROWING = ("evidence", "conversions", "journal_entries", "postings", "posted_commissions")
"""Tables that receive rows and hardly ever change one."""
SETTINGS = {
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_vacuum_insert_scale_factor": 0.05,
    "autovacuum_analyze_scale_factor": 0.02,
}


def upgrade() -> None:
    given = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    for table in (*CHANGED, *GROWING):
        op.execute(f"ALTER TABLE {table} SET ({given})")


def downgrade() -> None:
    for table in (*CHANGED, *GROWING):
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(SETTINGS)})")
