"""Partners that are their own customers: whose address may not be the payer's, and which addresses a payer has shown.

Conversions made before forbid nobody: what they earned stays.

Revision: self_referral
Follows: reported
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "self_referral"
down_revision = "reported"
branch_labels = None
depends_on = None

VERDICTS = "'earns', 'partner_inactive', 'program_inactive', 'kind_mismatch'"


def upgrade() -> None:
    salt = sa.Column("email_salt", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False)
    op.add_column("organizations", salt)
    op.add_column(
        "payments", sa.Column("email_marks", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("conversions", sa.Column("email_mark", sa.Text(), server_default="", nullable=False))
    op.drop_constraint(op.f("ck_conversions_verdict"), "conversions")
    op.create_check_constraint(
        op.f("ck_conversions_verdict"), "conversions", f"verdict IN ({VERDICTS}, 'self_referral')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_conversions_verdict"), "conversions")
    op.create_check_constraint(op.f("ck_conversions_verdict"), "conversions", f"verdict IN ({VERDICTS})")
    op.drop_column("conversions", "email_mark")
    op.drop_column("payments", "email_marks")
    op.drop_column("organizations", "email_salt")
