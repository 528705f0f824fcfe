"""Young tables know which columns select: the number of distinct values is declared.

Without statistics the planner takes a condition on the organization for one that leaves a two-hundredth of the rows, and
reads whole indexes by it. So the number of distinct values is declared for what every query of the drain names; the
first ANALYZE puts measured statistics in its place. Postgres can be given statistics since version 18; an older one has
none until autovacuum gathers them.

Revision: declared_statistics
Follows: row_security
"""

from alembic import op

revision = "declared_statistics"
down_revision = "row_security"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    if not _takes_statistics():
        return
    for table, columns in DISTINCT.items():
        for column, distinct in columns.items():
            op.execute(
                f"SELECT pg_restore_attribute_stats('schemaname', current_schema()::text, 'relname', '{table}', "
                f"'attname', '{column}', 'inherited', false, 'null_frac', 0::real, 'avg_width', 16, "
                f"'n_distinct', ({distinct})::real)"
            )


def downgrade() -> None:
    if not _takes_statistics():
        return
    for table, columns in DISTINCT.items():
        for column in columns:
            op.execute(f"SELECT pg_clear_attribute_stats(current_schema()::text, '{table}', '{column}', false)")


def _takes_statistics() -> bool:
    version = op.get_bind().dialect.server_version_info
    return version is not None and version >= (18,)
