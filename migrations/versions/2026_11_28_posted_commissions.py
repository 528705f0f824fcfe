"""What statistics need of a commission is kept by the ledger itself, written with the commission's first entry.

`postings.commission_id` refers to it from now on, so that the ledger rests on no table of another package's making but
for the owners of its accounts.

Revision: posted_commissions
Follows: unconfirmed_addresses
"""

import sqlalchemy as sa
from alembic import op

revision = "posted_commissions"
down_revision = "unconfirmed_addresses"
branch_labels = None
depends_on = None

TABLE = "posted_commissions"
FOREIGN_KEY = "fk_postings_commission_id"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("commission_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("commission_id", name=op.f("pk_posted_commissions")),
    )
    op.execute(
        f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    for role in ("accrual_worker", "accrual_request"):
        op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO {role}")
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker ON {TABLE} TO accrual_worker USING (true) WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY request ON {TABLE} TO accrual_request "
        "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
    )
    _point_postings_at(TABLE, "commission_id")


def downgrade() -> None:
    _point_postings_at("commissions", "id")
    op.drop_table(TABLE)


def _point_postings_at(table: str, column: str) -> None:
    op.drop_constraint(op.f(FOREIGN_KEY), "postings", type_="foreignkey")
    op.create_foreign_key(op.f(FOREIGN_KEY), "postings", table, ["commission_id"], [column])
