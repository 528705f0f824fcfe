"""The queue of due events is a table of its own, so that finishing an event is a heap-only update.

Before, `processed_at` and `outcome` stood in partial indexes of the events: finishing one wrote a new entry into each of
their five indexes. Now a due event has a row here, which a drain locks to claim it and deletes to finish it. Outcomes
have a block-range index, which has no entry for a row and does not prevent heap-only updates. The fill factor leaves
room for each row's second version; the queue is vacuumed by number of rows, because it is nearly always empty.

Revision: due_events
Follows: fewer_indexes
"""

import sqlalchemy as sa
from alembic import op

revision = "due_events"
down_revision = "fewer_indexes"
branch_labels = None
depends_on = None

TABLE = "due_events"
GRANTS = {
    "accrual_worker": "SELECT, INSERT, UPDATE, DELETE",
    "accrual_request": "SELECT, INSERT, UPDATE (next_attempt_at)",
    "accrual_entry": "SELECT (next_attempt_at), INSERT",
}


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_due_events")),
    )
    op.execute(f"""
        ALTER TABLE {TABLE} SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
                                 autovacuum_vacuum_cost_delay = 0)
    """)
    for role, privileges in GRANTS.items():
        op.execute(f"GRANT {privileges} ON {TABLE} TO {role}")
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker ON {TABLE} TO accrual_worker USING (true) WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY request ON {TABLE} TO accrual_request "
        "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
    )
    op.execute(
        f"CREATE POLICY mode ON {TABLE} AS RESTRICTIVE TO accrual_request USING (livemode = (SELECT visible_livemode()))"
    )
    op.execute(f"CREATE POLICY entry_select ON {TABLE} FOR SELECT TO accrual_entry USING (true)")
    op.execute(f"CREATE POLICY entry_insert ON {TABLE} FOR INSERT TO accrual_entry WITH CHECK (true)")
    op.execute(f"""
        INSERT INTO {TABLE} SELECT id, organization_id, livemode, next_attempt_at
        FROM stripe_events WHERE processed_at IS NULL
    """)
    for name in ("due", "outcome", "object"):
        op.execute(f"DROP INDEX ix_stripe_events_{name}")
    op.drop_column("stripe_events", "next_attempt_at")
    op.execute("ALTER TABLE stripe_events SET (fillfactor = 45)")
    op.execute("CREATE INDEX ix_stripe_events_object ON stripe_events (object_id)")
    op.execute("""
        CREATE INDEX ix_stripe_events_outcome ON stripe_events
        USING brin (outcome text_bloom_ops (n_distinct_per_range = 24, false_positive_rate = 0.001))
        WITH (pages_per_range = 16, autosummarize = on)
    """)


def downgrade() -> None:
    for name in ("outcome", "object"):
        op.execute(f"DROP INDEX ix_stripe_events_{name}")
    op.execute("ALTER TABLE stripe_events RESET (fillfactor)")
    op.add_column(
        "stripe_events",
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.execute("GRANT SELECT (next_attempt_at) ON stripe_events TO accrual_entry")
    op.execute("GRANT UPDATE (next_attempt_at) ON stripe_events TO accrual_request")
    op.execute(
        f"UPDATE stripe_events SET next_attempt_at = due.next_attempt_at FROM {TABLE} AS due WHERE id = event_id"
    )
    op.drop_table(TABLE)
    op.execute("CREATE INDEX ix_stripe_events_object ON stripe_events (object_id, organization_id)")
    op.execute("""
        CREATE INDEX ix_stripe_events_due ON stripe_events (id) INCLUDE (next_attempt_at) WHERE processed_at IS NULL
    """)
    op.execute("""
        CREATE INDEX ix_stripe_events_outcome ON stripe_events (organization_id, outcome, livemode, id)
        WHERE outcome IS NOT NULL
    """)
