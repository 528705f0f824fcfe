"""An address that a partner gave of itself counts once it is confirmed; until then it is nobody's and blocks nobody.

Revision: unconfirmed_addresses
Follows: cycles_and_holds
"""

import sqlalchemy as sa
from alembic import op

revision = "unconfirmed_addresses"
down_revision = "cycles_and_holds"
branch_labels = None
depends_on = None

STATES = "'given', 'unconfirmed', 'confirmed', 'approved'"


def upgrade() -> None:
    op.add_column("partners", sa.Column("email_state", sa.Text(), server_default="given", nullable=False))
    op.create_check_constraint(op.f("ck_partners_email_state"), "partners", f"email_state IN ({STATES})")
    op.drop_constraint("uq_partners_program_id_email", "partners", type_="unique")
    op.create_index(
        "uq_partners_program_id_email",
        "partners",
        ["program_id", "email"],
        unique=True,
        postgresql_where=sa.text("email_state <> 'unconfirmed'"),
    )
    op.create_index("ix_partners_email", "partners", ["program_id", "email"])
    op.create_table(
        "email_confirmations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_email_confirmations_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_email_confirmations_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_confirmations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_email_confirmations_token_hash")),
    )
    op.create_index("ix_email_confirmations_partner_id", "email_confirmations", ["partner_id"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON email_confirmations TO accrual_worker")
    op.execute("ALTER TABLE email_confirmations ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker ON email_confirmations TO accrual_worker USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, UPDATE (used_at) ON email_confirmations TO accrual_entry")
    op.execute("CREATE POLICY entry_all ON email_confirmations TO accrual_entry USING (true) WITH CHECK (true)")
    op.execute("GRANT UPDATE (email_state) ON partners TO accrual_entry, accrual_request")
    _mail_kinds("'already_enrolled', 'confirm_address'")


def downgrade() -> None:
    op.execute("DELETE FROM partner_mails WHERE kind = 'confirm_address'")
    _mail_kinds("'already_enrolled'")
    op.drop_table("email_confirmations")
    op.drop_index("ix_partners_email", "partners")
    op.drop_index("uq_partners_program_id_email", "partners")
    op.create_unique_constraint("uq_partners_program_id_email", "partners", ["program_id", "email"])
    op.drop_constraint(op.f("ck_partners_email_state"), "partners")
    op.drop_column("partners", "email_state")


def _mail_kinds(kinds: str) -> None:
    op.drop_constraint(op.f("ck_partner_mails_kind"), "partner_mails")
    op.create_check_constraint(op.f("ck_partner_mails_kind"), "partner_mails", f"kind IN ({kinds})")
