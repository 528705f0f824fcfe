"""The outcome `recorded`: an event that says something new, names no partner and moves no money.

Revision: recorded
Follows: self_referral
"""

from alembic import op

revision = "recorded"
down_revision = "self_referral"
branch_labels = None
depends_on = None

BEFORE = (
    *("accrued", "adjusted", "no_change", "bound", "unattributed", "outside_window", "self_referral"),
    *("partner_inactive", "program_inactive", "cap_reached", "zero_base", "currency_mismatch", "out_of_band"),
    *("waiting", "unknown_code", "kind_mismatch", "not_captured", "merged", "rejected", "held", "ignored_type"),
    *("wrong_mode", "unusable", "parked"),
)
TABLES = ("payments", "stripe_events")


def _allow(outcomes: tuple[str, ...]) -> None:
    words = ", ".join(f"'{outcome}'" for outcome in outcomes)
    for table in TABLES:
        op.drop_constraint(op.f(f"ck_{table}_outcome"), table)
        op.create_check_constraint(op.f(f"ck_{table}_outcome"), table, f"outcome IN ({words})")


def upgrade() -> None:
    _allow((*BEFORE, "recorded"))


def downgrade() -> None:
    op.execute("UPDATE stripe_events SET outcome = 'no_change' WHERE outcome = 'recorded'")
    _allow(BEFORE)
