"""Flat amounts, tiers and ladders: what is judged once is kept, and no partner is its own upline.

Revision: shapes
Follows: touchpoints
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "shapes"
down_revision = "touchpoints"
branch_labels = None
depends_on = None

LIMITED = "commission ? 'max_cycles' OR commission ? 'max_months'"

# It sees every row, whoever asks: a circle through a partner the asker may not see is a circle all the same. And the
# trees of one program change one after another, for two halves of a circle could otherwise be made at once.
KEEP_TREE = """
CREATE FUNCTION keep_partner_tree() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('partner_tree ' || NEW.program_id, 0));
    IF NOT EXISTS (SELECT FROM partners WHERE id = NEW.parent_id AND program_id = NEW.program_id) THEN
        RAISE EXCEPTION 'the parent of partner % is of another program', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_partners_parent_of_program';
    END IF;
    IF EXISTS (
        WITH RECURSIVE above AS (
            SELECT partners.id, partners.parent_id FROM partners WHERE id = NEW.parent_id
            UNION
            SELECT partners.id, partners.parent_id FROM above JOIN partners ON partners.id = above.parent_id
        )
        SELECT FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'partner % would be its own upline', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_partners_parent_cycle';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("conversions", sa.Column("uplines", postgresql.JSONB(), nullable=True))
    op.add_column("commissions", sa.Column("approved_before", sa.Integer(), nullable=True))
    op.create_index(
        "ix_commissions_partner_id_approved_at",
        "commissions",
        ["partner_id", "approved_at"],
        postgresql_where=sa.text("level = 0 AND approved_at IS NOT NULL"),
    )
    op.drop_index("ix_snapshots_limited", "snapshots")
    op.create_index(
        "ix_snapshots_limited",
        "snapshots",
        ["organization_id"],
        postgresql_where=sa.text(f"{LIMITED} OR commission ->> 'type' = 'flat'"),
    )
    op.execute(KEEP_TREE)
    op.execute(
        "CREATE TRIGGER keep_partner_tree AFTER INSERT OR UPDATE OF parent_id, program_id ON partners "
        "FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION keep_partner_tree()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_partner_tree ON partners")
    op.execute("DROP FUNCTION keep_partner_tree()")
    op.drop_index("ix_snapshots_limited", "snapshots")
    op.create_index("ix_snapshots_limited", "snapshots", ["organization_id"], postgresql_where=sa.text(LIMITED))
    op.drop_index("ix_commissions_partner_id_approved_at", "commissions")
    op.drop_column("commissions", "approved_before")
    op.drop_column("conversions", "uplines")
