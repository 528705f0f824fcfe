"""Invitations, mails to partners, and what a partner's own organization may see.

A partner sees its rows by `own_partners()`: the enrollments of the organization that `accrual.affiliate` names. They
rest on the enrollment's row alone, so commissions written before it had an organization are seen like any other.

Revision: partners_doors
Follows: audit_trail
"""

import sqlalchemy as sa
from alembic import op

revision = "partners_doors"
down_revision = "audit_trail"
branch_labels = None
depends_on = None

CALLER = """
CREATE FUNCTION calling_affiliate() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('accrual.affiliate', true), '')::uuid
$$
"""

OWN = """
CREATE FUNCTION {name}() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg({column}), '{{}}') FROM partners
    WHERE partner_organization_id = calling_affiliate() AND status IN ('pending', 'active', 'paused')
$$
"""

SEEN_BY_PARTNERS = {
    "partners": "partner_organization_id = (SELECT calling_affiliate())",
    "partner_codes": "partner_id = ANY ((SELECT own_partners())::uuid[])",
    "snapshots": "partner_id = ANY ((SELECT own_partners())::uuid[])",
    "conversions": "partner_id = ANY ((SELECT own_partners())::uuid[])",
    "commissions": "partner_id = ANY ((SELECT own_partners())::uuid[])",
    "programs": "id = ANY ((SELECT own_programs())::uuid[])",
    "terms": "program_id = ANY ((SELECT own_programs())::uuid[])",
}


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_invitations_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_invitations_partner_id_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_index("ix_invitations_partner_id", "invitations", ["partner_id"])
    op.create_table(
        "partner_mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('already_enrolled')", name=op.f("ck_partner_mails_kind")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_partner_mails_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_partner_mails_partner_id_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_mails")),
    )
    op.create_index("ix_partner_mails_partner_id", "partner_mails", ["partner_id", "created_at"])
    op.create_index(
        "ix_partner_mails_due", "partner_mails", ["next_attempt_at"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_unique_constraint(
        "uq_partners_program_id_partner_organization_id", "partners", ["program_id", "partner_organization_id"]
    )
    for table, request_may in (("invitations", "SELECT, INSERT"), ("partner_mails", "SELECT")):
        _protect(table, request_may)
    _open_to_partners()


def _protect(table: str, request_may: str) -> None:
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO accrual_worker")
    op.execute(f"GRANT {request_may} ON {table} TO accrual_request")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY request ON {table} TO accrual_request "
        "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
    )


def _open_to_partners() -> None:
    op.execute(CALLER)
    op.execute(OWN.format(name="own_partners", column="id"))
    op.execute(OWN.format(name="own_programs", column="program_id"))
    for table, condition in SEEN_BY_PARTNERS.items():
        op.execute(f"CREATE POLICY partner ON {table} FOR SELECT TO accrual_request USING ({condition})")


def downgrade() -> None:
    for table in SEEN_BY_PARTNERS:
        op.execute(f"DROP POLICY partner ON {table}")
    for function in ("own_programs", "own_partners", "calling_affiliate"):
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_constraint("uq_partners_program_id_partner_organization_id", "partners", type_="unique")
    op.drop_table("partner_mails")
    op.drop_table("invitations")
