"""Several endpoints for each organization, made and changed through the API.

Revision: several_endpoints
Follows: payload_storage
"""

import sqlalchemy as sa
from alembic import op

revision = "several_endpoints"
down_revision = "payload_storage"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stripe_endpoints", sa.Column("description", sa.Text(), server_default="", nullable=False))
    op.add_column("stripe_endpoints", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("GRANT INSERT, UPDATE ON stripe_endpoints TO accrual_request")


def downgrade() -> None:
    op.execute("REVOKE INSERT, UPDATE ON stripe_endpoints FROM accrual_request")
    op.drop_column("stripe_endpoints", "deleted_at")
    op.drop_column("stripe_endpoints", "description")
