"""Backfills, reconciliations and replays: their progress, and what a reconciliation found.

Revision: stripe_runs
Follows: what_came_back
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "stripe_runs"
down_revision = "what_came_back"
branch_labels = None
depends_on = None

TABLES = {"stripe_runs": "INSERT, UPDATE", "drifts": "", "stripe_runs_seen": ""}
"""Each table, and what a request may do to it beside reading."""


def upgrade() -> None:
    op.create_table(
        "stripe_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("phase", sa.Text(), server_default="", nullable=False),
        sa.Column("cursor", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("progress_bps", sa.Integer(), server_default="0", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('backfill', 'reconcile', 'replay')", name=op.f("ck_stripe_runs_kind")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'failed', 'stopped')", name=op.f("ck_stripe_runs_state")
        ),
        sa.CheckConstraint("progress_bps BETWEEN 0 AND 10000", name=op.f("ck_stripe_runs_progress")),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('queued', 'running'))", name=op.f("ck_stripe_runs_finished")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_stripe_runs_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_runs")),
    )
    op.create_index(
        "uq_stripe_runs_running",
        "stripe_runs",
        ["kind", "organization_id", "account", "livemode"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index("ix_stripe_runs_unfinished", "stripe_runs", ["id"], postgresql_where=sa.text("finished_at IS NULL"))
    op.create_index("ix_stripe_runs_organization_id_kind", "stripe_runs", ["organization_id", "kind", "id"])
    _create_findings()
    for table, request_may in TABLES.items():
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO accrual_worker")
        op.execute(f"GRANT SELECT{', ' + request_may if request_may else ''} ON {table} TO accrual_request")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
        op.execute(
            f"CREATE POLICY request ON {table} TO accrual_request "
            "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
        )


def _create_findings() -> None:
    op.create_table(
        "drifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("stripe_minor", sa.BigInteger(), nullable=True),
        sa.Column("our_minor", sa.BigInteger(), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("healed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('missing_here', 'missing_at_stripe', 'amount_differs', 'returned_differs')",
            name=op.f("ck_drifts_kind"),
        ),
        sa.CheckConstraint("currency = lower(currency)", name=op.f("ck_drifts_currency_lower")),
        sa.ForeignKeyConstraint(["run_id"], ["stripe_runs.id"], name=op.f("fk_drifts_run_id_stripe_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drifts")),
        sa.UniqueConstraint("stripe_id", "kind", "run_id", name="uq_drifts_identity"),
    )
    op.create_index("ix_drifts_run_id", "drifts", ["run_id", "id"])
    op.create_table(
        "stripe_runs_seen",
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["stripe_runs.id"], name=op.f("fk_stripe_runs_seen_run_id_stripe_runs")),
        sa.PrimaryKeyConstraint("stripe_id", "run_id", name=op.f("pk_stripe_runs_seen")),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
