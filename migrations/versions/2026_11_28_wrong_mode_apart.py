"""What came through an endpoint of the other mode is a row of its own, and no statement can make it due.

The secret of a test endpoint does not vouch for live events. Before, such a row stood in the way of the true event and
became it; now the two never meet, and the receiver needs no right to change events.

Revision: wrong_mode_apart
Follows: stored_responses
"""

import sqlalchemy as sa
from alembic import op

revision = "wrong_mode_apart"
down_revision = "stored_responses"
branch_labels = None
depends_on = None

TABLE = "stripe_events"
IDENTITY = "uq_stripe_events_identity"
BEFORE = ["stripe_id", "organization_id", "account", "livemode", "api_version"]
ENTRY_CHANGED = "endpoint_id, processed_at, outcome, next_attempt_at"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("is_wrong_mode", sa.Boolean(), server_default="false", nullable=False))
    op.execute("UPDATE stripe_events SET is_wrong_mode = true WHERE outcome = 'wrong_mode'")
    op.create_check_constraint(
        op.f("ck_stripe_events_wrong_mode"), TABLE, "is_wrong_mode = (outcome IS NOT DISTINCT FROM 'wrong_mode')"
    )
    op.drop_constraint(IDENTITY, TABLE)
    op.create_unique_constraint(IDENTITY, TABLE, [*BEFORE, "is_wrong_mode"])
    op.execute("DROP POLICY entry_update ON stripe_events")
    op.execute(f"REVOKE UPDATE ({ENTRY_CHANGED}) ON stripe_events FROM accrual_entry")
    op.execute("GRANT SELECT (is_wrong_mode) ON stripe_events TO accrual_entry")


def downgrade() -> None:
    op.execute(f"GRANT UPDATE ({ENTRY_CHANGED}) ON stripe_events TO accrual_entry")
    op.execute(
        "CREATE POLICY entry_update ON stripe_events FOR UPDATE TO accrual_entry "
        "USING (outcome = 'wrong_mode') WITH CHECK (outcome IS NULL)"
    )
    op.drop_constraint(IDENTITY, TABLE)
    op.drop_constraint("ck_stripe_events_wrong_mode", TABLE)
    op.drop_column(TABLE, "is_wrong_mode")
    op.create_unique_constraint(IDENTITY, TABLE, BEFORE)
