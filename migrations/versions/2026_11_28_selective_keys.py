"""Every key that the drain uses begins with the column that selects, and young tables know which column that is.

Without statistics the planner takes a condition on the organization for one that leaves a two-hundredth of the rows, and
reads whole indexes by it. So the number of distinct values is declared for what every query of the drain names; the
first ANALYZE puts measured statistics in its place.

Revision: selective_keys
Follows: default_endpoint
"""

from alembic import op

revision = "selective_keys"
down_revision = "default_endpoint"
branch_labels = None
depends_on = None

EVIDENCE = ["organization_id", "account", "livemode", "object_id", "carrier", "name", "session_id", "refers_to"]
SELECTIVE_EVIDENCE = [
    "object_id",
    "organization_id",
    "account",
    "livemode",
    "carrier",
    "name",
    "session_id",
    "refers_to",
]
UNIQUE, MANY, FEW = -1.0, -0.3, 1.0
"""Distinct values: as many as rows, a share of the rows, or one alone."""
SCOPE = {"organization_id": FEW, "account": FEW, "livemode": FEW}
DISTINCT = {
    "stripe_events": SCOPE | {"id": UNIQUE, "stripe_id": UNIQUE, "object_id": MANY, "outcome": 10.0},
    "stripe_objects": SCOPE | {"id": UNIQUE, "root": MANY, "customer": MANY, "subscription": MANY},
    "evidence": SCOPE | {"id": UNIQUE, "object_id": UNIQUE, "name": 100.0},
    "attributions": SCOPE | {"id": UNIQUE, "subject": UNIQUE, "partner_id": 100.0},
    "payments": SCOPE | {"id": UNIQUE, "key": UNIQUE, "customer": MANY, "subscription": MANY, "outcome": 10.0},
    "conversions": {"organization_id": FEW, "id": UNIQUE, "payment_id": UNIQUE, "partner_id": 100.0, "program_id": FEW},
    "commissions": {"organization_id": FEW, "id": UNIQUE, "conversion_id": UNIQUE, "partner_id": 100.0, "status": 5.0},
    "posted_commissions": {"commission_id": UNIQUE},
    "journal_entries": {"organization_id": FEW, "id": UNIQUE, "idempotency_key": UNIQUE, "xid": MANY},
    "postings": {"organization_id": FEW, "entry_id": -0.5, "commission_id": -0.5, "account_id": 100.0},
}
CURRENT = "superseded_at IS NULL AND carrier <> 'manual'"


def upgrade() -> None:
    _rebuild(SELECTIVE_EVIDENCE, "name, organization_id", "subject, organization_id, account, livemode")
    op.execute(
        "CREATE INDEX ix_attributions_by_hand ON attributions (subject, organization_id) WHERE carrier = 'manual'"
    )
    op.drop_constraint("uq_journal_entries_organization_id_idempotency_key", "journal_entries")
    op.create_unique_constraint(None, "journal_entries", ["idempotency_key", "organization_id"])
    for table, columns in DISTINCT.items():
        for column, distinct in columns.items():
            op.execute(
                f"SELECT pg_restore_attribute_stats('schemaname', current_schema()::text, 'relname', '{table}', "
                f"'attname', '{column}', 'inherited', false, 'null_frac', 0::real, 'avg_width', 16, "
                f"'n_distinct', ({distinct})::real)"
            )


def downgrade() -> None:
    _rebuild(EVIDENCE, "organization_id, name", "organization_id, account, livemode, subject")
    op.execute(
        "CREATE INDEX ix_attributions_by_hand ON attributions (organization_id, subject) WHERE carrier = 'manual'"
    )
    op.drop_constraint("uq_journal_entries_idempotency_key_organization_id", "journal_entries")
    op.create_unique_constraint(None, "journal_entries", ["organization_id", "idempotency_key"])


def _rebuild(evidence: list[str], evidence_name: str, current: str) -> None:
    op.drop_constraint("uq_evidence_identity", "evidence")
    op.create_unique_constraint("uq_evidence_identity", "evidence", evidence)
    op.execute("DROP INDEX ix_evidence_name")
    op.execute(f"CREATE INDEX ix_evidence_name ON evidence ({evidence_name})")
    op.execute("DROP INDEX uq_attributions_current")
    op.execute(f"CREATE UNIQUE INDEX uq_attributions_current ON attributions ({current}) WHERE {CURRENT}")
    op.execute("DROP INDEX ix_attributions_by_hand")
