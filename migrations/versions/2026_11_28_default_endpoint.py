"""The default endpoint is a row: `/webhooks/stripe` without an id means the endpoint that is marked here.

Revision: default_endpoint
Follows: mode_of_requests
"""

import sqlalchemy as sa
from alembic import op

revision = "default_endpoint"
down_revision = "mode_of_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stripe_endpoints", sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "uq_stripe_endpoints_default",
        "stripe_endpoints",
        ["is_default"],
        unique=True,
        postgresql_where=sa.text("is_default AND deleted_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_stripe_endpoints_default", table_name="stripe_endpoints")
    op.drop_column("stripe_endpoints", "is_default")
