"""What a program says beside its terms: minimum payouts, sign-up, where its links lead, its time zone.

Revision: program_offers
Follows: lookups
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "program_offers"
down_revision = "lookups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("minimum_payouts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("auto_approve", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("open_signup", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("landing_hosts", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
    ):
        op.add_column("programs", column)
    op.create_check_constraint(
        op.f("ck_programs_conversion_signal"),
        "programs",
        "conversion_kind = 'payment' OR conversion_kind = 'event' AND conversion_event_name IS NOT NULL "
        "OR conversion_kind = 'entitlement' AND conversion_entitlement_id IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_programs_conversion_signal"), "programs")
    for column in ("time_zone", "landing_hosts", "open_signup", "auto_approve", "minimum_payouts"):
        op.drop_column("programs", column)
