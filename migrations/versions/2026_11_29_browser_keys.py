"""Browser keys: public keys of merchants' pages, for visits and claims of sign-ups only.

Revision: browser_keys
Follows: exports
"""

from alembic import op

revision = "browser_keys"
down_revision = "exports"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE browser_keys (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        name text NOT NULL,
        browser_key text NOT NULL,
        allowed_origins text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz,
        CONSTRAINT pk_browser_keys PRIMARY KEY (id),
        CONSTRAINT uq_browser_keys_browser_key UNIQUE (browser_key),
        CONSTRAINT fk_browser_keys_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE INDEX ix_browser_keys_organization_id ON browser_keys (organization_id, livemode, id);

    ALTER TABLE browser_keys ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON browser_keys TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON browser_keys TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY mode ON browser_keys AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    CREATE POLICY entry_select ON browser_keys FOR SELECT TO accrual_entry USING (true);
    GRANT SELECT, INSERT, UPDATE, DELETE ON browser_keys TO accrual_worker;
    GRANT SELECT, INSERT, UPDATE (revoked_at) ON browser_keys TO accrual_request;
    GRANT SELECT ON browser_keys TO accrual_entry
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE browser_keys")
