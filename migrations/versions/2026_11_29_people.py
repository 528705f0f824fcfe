"""People who sign in to the pages: memberships, sign-in links and their mails, sessions.

A key with the scope `payouts:write` keeps what it could do: changing payout settings has a permission of its own now.

Revision: people
Follows: signup_claims
"""

from alembic import op

revision = "people"
down_revision = "signup_claims"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE people (
        id uuid NOT NULL,
        email text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_people PRIMARY KEY (id),
        CONSTRAINT uq_people_email UNIQUE (email),
        CONSTRAINT ck_people_email CHECK (email = lower(email))
    );
    CREATE TABLE memberships (
        person_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        role text NOT NULL,
        name text,
        disabled_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_memberships PRIMARY KEY (person_id, organization_id),
        CONSTRAINT fk_memberships_person_id FOREIGN KEY (person_id) REFERENCES people (id),
        CONSTRAINT fk_memberships_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT ck_memberships_role CHECK (role IN ('owner', 'manager', 'viewer'))
    );
    CREATE INDEX ix_memberships_organization_id ON memberships (organization_id, person_id);
    CREATE TABLE login_links (
        token_hash text NOT NULL,
        person_id uuid NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_login_links PRIMARY KEY (token_hash),
        CONSTRAINT fk_login_links_person_id FOREIGN KEY (person_id) REFERENCES people (id)
    );
    CREATE INDEX ix_login_links_expires_at ON login_links (expires_at);
    CREATE TABLE login_mails (
        id uuid NOT NULL,
        person_id uuid NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        problem text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_login_mails PRIMARY KEY (id),
        CONSTRAINT fk_login_mails_person_id FOREIGN KEY (person_id) REFERENCES people (id)
    );
    CREATE INDEX ix_login_mails_person_id ON login_mails (person_id, created_at);
    CREATE INDEX ix_login_mails_due ON login_mails (next_attempt_at) WHERE ended_at IS NULL;
    CREATE TABLE person_sessions (
        id uuid NOT NULL,
        token_hash text NOT NULL,
        person_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        shows_live boolean NOT NULL,
        must_rotate boolean NOT NULL DEFAULT false,
        user_agent text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        CONSTRAINT pk_person_sessions PRIMARY KEY (id),
        CONSTRAINT uq_person_sessions_token_hash UNIQUE (token_hash),
        CONSTRAINT fk_person_sessions_person_id FOREIGN KEY (person_id, organization_id)
            REFERENCES memberships (person_id, organization_id)
    );
    CREATE INDEX ix_person_sessions_person_id ON person_sessions (person_id, organization_id);
    CREATE INDEX ix_person_sessions_expires_at ON person_sessions (expires_at);
"""

ROLES = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON people, memberships, login_links, login_mails, person_sessions
        TO accrual_worker;
    GRANT SELECT ON people TO accrual_request;
    GRANT SELECT, INSERT, UPDATE (role, name, disabled_at) ON memberships TO accrual_request;
    GRANT SELECT, UPDATE (shows_live, must_rotate, revoked_at) ON person_sessions TO accrual_request;
    GRANT SELECT, INSERT ON people, person_sessions TO accrual_entry;
    GRANT SELECT ON memberships TO accrual_entry;
    GRANT SELECT, UPDATE (used_at) ON login_links TO accrual_entry;
    GRANT SELECT, INSERT ON login_mails TO accrual_entry;
    GRANT UPDATE (token_hash, organization_id, must_rotate, last_seen_at, expires_at, revoked_at) ON person_sessions
        TO accrual_entry
"""

POLICIES = """
    CREATE POLICY request ON people FOR SELECT TO accrual_request
        USING (id IN (SELECT person_id FROM memberships));
    CREATE POLICY request ON memberships TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY request ON person_sessions TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in ("people", "memberships", "login_links", "login_mails", "person_sessions"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY entry_all ON {table} TO accrual_entry USING (true) WITH CHECK (true)")
    op.execute(POLICIES)
    op.execute(ROLES)
    op.execute("""
        UPDATE api_keys SET scopes = array_append(scopes, 'payout_settings:write')
        WHERE 'payouts:write' = ANY (scopes)
    """)


def downgrade() -> None:
    op.execute("DROP TABLE person_sessions, login_mails, login_links, memberships, people")
    op.execute("UPDATE api_keys SET scopes = array_remove(scopes, 'payout_settings:write')")
