"""An API key beside an endpoint's signing secrets, sealed like them.

Revision: stripe_api_keys
Follows: promotions
"""

import sqlalchemy as sa
from alembic import op

revision = "stripe_api_keys"
down_revision = "promotions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stripe_endpoints", sa.Column("api_key_encrypted", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("stripe_endpoints", "api_key_encrypted")
