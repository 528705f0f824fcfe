"""Keep event payloads out of the row and uncompressed.

A payload is written once and read once, while its row is updated when it is processed. EXTERNAL storage spares
the receiver the compression and the update the copy.

Revision: payload_storage
Follows: roles
"""

from alembic import op

revision = "payload_storage"
down_revision = "roles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE stripe_events ALTER COLUMN payload SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.execute("ALTER TABLE stripe_events ALTER COLUMN payload SET STORAGE EXTENDED")
