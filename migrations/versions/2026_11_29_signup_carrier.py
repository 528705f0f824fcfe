"""Customer sign-ups credit payments: the carrier `signup`, and the ways a Stripe customer is recognized.

Revision: signup_carrier
Follows: referrals
"""

from alembic import op

revision = "signup_carrier"
down_revision = "referrals"
branch_labels = None
depends_on = None

BEFORE = (
    *("manual", "reported", "touchpoint", "charge_metadata", "invoice_metadata", "subscription_metadata"),
    *("session_metadata", "client_reference", "customer_metadata", "promotion_code"),
)
AFTER = (*BEFORE, "signup")

SCHEMA = """
    CREATE INDEX ix_stripe_objects_customer_facts ON stripe_objects USING gin (facts) WHERE kind = 'customer';
    CREATE INDEX ix_signups_customer_id ON signups (customer_id, organization_id);
    ALTER TABLE signups ADD COLUMN settled_at timestamptz;
    ALTER TABLE programs ADD COLUMN user_id_field text NOT NULL DEFAULT 'user_id';
    GRANT UPDATE (settled_at) ON signups TO accrual_request;
    GRANT UPDATE (user_id_field) ON programs TO accrual_request
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    _set_carriers(AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM evidence WHERE carrier = 'signup'")
    op.execute("DELETE FROM attributions WHERE carrier = 'signup'")
    _set_carriers(BEFORE)
    op.execute("ALTER TABLE programs DROP COLUMN user_id_field")
    op.execute("ALTER TABLE signups DROP COLUMN settled_at")
    op.execute("DROP INDEX ix_signups_customer_id")
    op.execute("DROP INDEX ix_stripe_objects_customer_facts")


def _set_carriers(carriers: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{name}'" for name in carriers)
    for table in ("evidence", "attributions"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_carrier")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_carrier CHECK (carrier IN ({listed}))")
