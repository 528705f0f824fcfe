"""Problems, phases and differences are stored as codes with their parameters, no longer as sentences.

Nothing is installed anywhere yet, so no stored sentence is rewritten.

Revision: codes_for_sentences
Follows: posted_commissions
"""

import sqlalchemy as sa
from alembic import op

revision = "codes_for_sentences"
down_revision = "posted_commissions"
branch_labels = None
depends_on = None

PROBLEMS = (("stripe_events", "last_error"), ("lookups", "problem"), ("stripe_runs", "problem"))


def upgrade() -> None:
    for table, column in PROBLEMS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE jsonb USING NULL")
    op.execute("DELETE FROM drifts")
    op.drop_column("drifts", "sentence")
    op.add_column("drifts", sa.Column("object_kind", sa.Text(), nullable=False))
    op.add_column("drifts", sa.Column("our_currency", sa.CHAR(3), nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM drifts")
    op.drop_column("drifts", "our_currency")
    op.drop_column("drifts", "object_kind")
    op.add_column("drifts", sa.Column("sentence", sa.Text(), nullable=False))
    for table, column in PROBLEMS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE text USING NULL")
