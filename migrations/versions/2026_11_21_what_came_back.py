"""Refunds become objects like every other; payments know their holds and billing cycles; decisions of people.

Revision: what_came_back
Follows: several_endpoints
"""

import sqlalchemy as sa
from alembic import op

revision = "what_came_back"
down_revision = "several_endpoints"
branch_labels = None
depends_on = None

# A refund shares the root of the charge or PaymentIntent it returns money of; both were named with it, so both are there.
MOVE_REFUNDS = """
    INSERT INTO stripe_objects (organization_id, account, livemode, id, kind, root, facts, stated_at)
    SELECT refund.organization_id, refund.account, refund.livemode, refund.id, 'refund', source.root,
           jsonb_strip_nulls(jsonb_build_object(
               'amount', amount_minor, 'currency', currency, 'status', status,
               'charge', nullif(charge, ''), 'payment_intent', nullif(payment_intent, ''))),
           refund.stated_at
    FROM refunds AS refund
    JOIN stripe_objects AS source
      ON source.id = coalesce(nullif(refund.charge, ''), refund.payment_intent)
     AND source.organization_id = refund.organization_id
     AND source.account = refund.account AND source.livemode = refund.livemode
    ON CONFLICT DO NOTHING
"""

REFUNDS_AGAIN = """
    INSERT INTO refunds (organization_id, account, livemode, id, charge, payment_intent, amount_minor, currency, status,
                         stated_at)
    SELECT organization_id, account, livemode, id, coalesce(facts ->> 'charge', ''),
           coalesce(facts ->> 'payment_intent', ''), (facts ->> 'amount')::bigint, facts ->> 'currency',
           facts ->> 'status', stated_at
    FROM stripe_objects WHERE kind = 'refund' AND stated_at IS NOT NULL
"""

REQUESTS_SETTLE = """
    GRANT UPDATE ON stripe_objects, conversions, commissions, payments, attributions TO accrual_request;
    GRANT INSERT ON evidence, attributions, payments, conversions, commissions, accounts, journal_entries, postings,
                    decisions TO accrual_request
"""
"""A person who approves or attributes settles there and then, and still writes only what row security lets it see."""

POLICIES = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO accrual_worker;
    GRANT SELECT ON {table} TO accrual_request;
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON {table} TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))
"""


def upgrade() -> None:
    op.execute(MOVE_REFUNDS)
    op.drop_table("refunds")
    op.add_column("payments", sa.Column("hold", sa.Text(), server_default="", nullable=False))
    op.add_column("payments", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payments", sa.Column("cycle_ends_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_payments_held_until", "payments", ["held_until"], postgresql_where=sa.text("outcome = 'held'"))
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("is_forced", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("verdict IN ('approved', 'rejected')", name=op.f("ck_decisions_verdict")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_decisions_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_payment_id", "decisions", ["payment_id"])
    op.execute(POLICIES.format(table="decisions"))
    op.execute(REQUESTS_SETTLE)
    op.create_index(
        "ix_payments_merged_into_id",
        "payments",
        ["merged_into_id"],
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.drop_constraint("uq_commissions_conversion_id_partner_id_level", "commissions")
    op.create_unique_constraint(
        "uq_commissions_identity", "commissions", ["conversion_id", "partner_id", "level", "currency"]
    )
    op.add_column("commissions", sa.Column("cycle", sa.Integer(), nullable=True))
    op.create_index(
        "ix_commissions_mature_at",
        "commissions",
        ["mature_at"],
        postgresql_where=sa.text("status = 'accrued' AND approved_at IS NULL"),
    )
    op.create_index(
        "ix_snapshots_limited",
        "snapshots",
        ["organization_id"],
        postgresql_where=sa.text("commission ? 'max_cycles' OR commission ? 'max_months'"),
    )


def downgrade() -> None:
    op.drop_index("ix_snapshots_limited", "snapshots")
    op.drop_index("ix_commissions_mature_at", "commissions")
    op.drop_column("commissions", "cycle")
    op.drop_constraint("uq_commissions_identity", "commissions")
    op.create_unique_constraint(
        "uq_commissions_conversion_id_partner_id_level", "commissions", ["conversion_id", "partner_id", "level"]
    )
    op.drop_index("ix_payments_merged_into_id", "payments")
    op.execute("REVOKE UPDATE ON stripe_objects, conversions, commissions, payments, attributions FROM accrual_request")
    op.execute(
        "REVOKE INSERT ON evidence, attributions, payments, conversions, commissions, accounts, journal_entries, "
        "postings FROM accrual_request"
    )
    op.drop_table("decisions")
    op.drop_index("ix_payments_held_until", "payments")
    for column in ("cycle_ends_at", "held_until", "hold"):
        op.drop_column("payments", column)
    op.create_table(
        "refunds",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("charge", sa.Text(), server_default="", nullable=False),
        sa.Column("payment_intent", sa.Text(), server_default="", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_refunds_amount")),
        sa.PrimaryKeyConstraint("id", "organization_id", "account", "livemode", name=op.f("pk_refunds")),
    )
    for column in ("charge", "payment_intent"):
        op.create_index(f"ix_refunds_{column}", "refunds", [column, "organization_id", "account", "livemode"])
    op.execute(POLICIES.format(table="refunds"))
    op.execute(REFUNDS_AGAIN)
    op.execute("DELETE FROM stripe_objects WHERE kind = 'refund'")
