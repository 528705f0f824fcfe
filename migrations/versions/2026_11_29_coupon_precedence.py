"""Whether a link or a promotion counts where they name different partners; the coupon of partners' promotion codes.

Revision: coupon_precedence
Follows: files_without_content
"""

from alembic import op

revision = "coupon_precedence"
down_revision = "files_without_content"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE programs
            ADD COLUMN coupon_precedence text NOT NULL DEFAULT 'link'
                CONSTRAINT ck_programs_coupon_precedence CHECK (coupon_precedence IN ('link', 'coupon')),
            ADD COLUMN promotion_coupon text;
        ALTER TABLE attributions ADD COLUMN rival jsonb;
        GRANT UPDATE (coupon_precedence, promotion_coupon) ON programs TO accrual_request
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE attributions DROP COLUMN rival")
    op.execute("ALTER TABLE programs DROP COLUMN coupon_precedence, DROP COLUMN promotion_coupon")
