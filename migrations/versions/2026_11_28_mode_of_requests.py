"""A request sees and writes money of one mode: that of its key, by row-level security.

A transaction names the mode in `accrual.livemode`; unset, it sees no money. The policy is restrictive, so it holds
beside whatever else lets a row be seen: an owner's rows and a partner's own. Programs, partners, codes and links have
no mode. Entries of the audit trail have one where what was changed is money or an endpoint.

Revision: mode_of_requests
Follows: livemode
"""

import sqlalchemy as sa
from alembic import op

revision = "mode_of_requests"
down_revision = "livemode"
branch_labels = None
depends_on = None

VISIBLE_LIVEMODE = """
CREATE FUNCTION visible_livemode() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('accrual.livemode', true), '')::boolean
$$
"""

OF_ONE_MODE = (
    *("stripe_endpoints", "stripe_events", "stripe_objects", "stripe_runs", "lookups", "kept_answers"),
    *("payments", "evidence", "attributions", "partner_promotions", "conversions", "commissions", "decisions"),
    *("accounts", "journal_entries", "postings", "posted_commissions", "commission_sums"),
)
CONDITIONS = {
    **dict.fromkeys(OF_ONE_MODE, "livemode = (SELECT visible_livemode())"),
    "audit_entries": "livemode IS NULL OR livemode = (SELECT visible_livemode())",
    "drifts": "run_id IN (SELECT id FROM stripe_runs)",
}
"""Which rows of a table a request may see or write, beside belonging to one of its organizations."""


def upgrade() -> None:
    op.add_column("kept_answers", sa.Column("livemode", sa.Boolean(), nullable=False))
    op.execute("GRANT UPDATE (livemode) ON kept_answers TO accrual_request")
    op.add_column("audit_entries", sa.Column("livemode", sa.Boolean(), nullable=True))
    op.execute(VISIBLE_LIVEMODE)
    for table, condition in CONDITIONS.items():
        op.execute(f"CREATE POLICY mode ON {table} AS RESTRICTIVE TO accrual_request USING ({condition})")


def downgrade() -> None:
    for table in CONDITIONS:
        op.execute(f"DROP POLICY mode ON {table}")
    op.execute("DROP FUNCTION visible_livemode()")
    op.drop_column("audit_entries", "livemode")
    op.drop_column("kept_answers", "livemode")
