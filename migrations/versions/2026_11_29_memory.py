"""What a browser remembers: the domain of an owner's cookie, and whether a program's links set it before consent.

Revision: memory
Follows: signups
"""

from alembic import op

revision = "memory"
down_revision = "signups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE cookie_domains (
            organization_id uuid NOT NULL,
            domain text NOT NULL,
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_cookie_domains PRIMARY KEY (organization_id),
            CONSTRAINT fk_cookie_domains_organization_id_organizations
                FOREIGN KEY (organization_id) REFERENCES organizations (id)
        )
    """)
    op.execute("""
        ALTER TABLE cookie_domains ENABLE ROW LEVEL SECURITY;
        CREATE POLICY worker ON cookie_domains TO accrual_worker USING (true) WITH CHECK (true);
        CREATE POLICY request ON cookie_domains TO accrual_request
            USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
        CREATE POLICY entry_all ON cookie_domains FOR SELECT TO accrual_entry USING (true);
        GRANT SELECT, INSERT, UPDATE, DELETE ON cookie_domains TO accrual_worker;
        GRANT SELECT, INSERT, DELETE ON cookie_domains TO accrual_request;
        GRANT UPDATE (domain, updated_at) ON cookie_domains TO accrual_request;
        GRANT SELECT ON cookie_domains TO accrual_entry
    """)
    op.execute("""
        ALTER TABLE programs ADD COLUMN link_cookie text NOT NULL DEFAULT 'on'
            CONSTRAINT ck_programs_link_cookie CHECK (link_cookie IN ('on', 'after_consent'));
        GRANT UPDATE (link_cookie) ON programs TO accrual_request
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE programs DROP COLUMN link_cookie")
    op.drop_table("cookie_domains")
