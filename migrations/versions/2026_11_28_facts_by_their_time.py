"""Facts keep the time they were stated at where a newer statement left them out, so that order never decides.

What is known already counts as stated when its object was last stated.

Revision: facts_by_their_time
Follows: kinds_of_organization
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "facts_by_their_time"
down_revision = "kinds_of_organization"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("older_at", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("stripe_objects", column)


def downgrade() -> None:
    op.drop_column("stripe_objects", "older_at")
