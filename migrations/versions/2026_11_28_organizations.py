"""Organizations with their keys, the audit trail, and the responses stored for idempotency keys.

Revision: organizations
Follows: nothing
"""

from alembic import op

revision = "organizations"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = r"""
    -- An account holder: a merchant or an affiliate. A key of an organization also manages its descendants.
    CREATE TABLE organizations (
        id uuid NOT NULL,
        parent_id uuid,
        kind text NOT NULL DEFAULT 'affiliate',
        name text NOT NULL,
        email text,
        email_salt uuid NOT NULL DEFAULT gen_random_uuid(),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_organizations PRIMARY KEY (id),
        CONSTRAINT ck_organizations_parent CHECK (parent_id <> id),
        CONSTRAINT ck_organizations_kind CHECK (kind IN ('merchant', 'affiliate')),
        CONSTRAINT fk_organizations_parent_id FOREIGN KEY (parent_id) REFERENCES organizations (id)
    );
    CREATE INDEX ix_organizations_parent_id ON organizations (parent_id);

    -- An organization never is below itself.
    CREATE FUNCTION refuse_circle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('organizations.parent_id'));
        IF EXISTS (
            WITH RECURSIVE above (id) AS (
                VALUES (NEW.parent_id)
                UNION
                SELECT organizations.parent_id FROM organizations JOIN above ON above.id = organizations.id
            )
            SELECT FROM above WHERE id = NEW.id
        ) THEN
            RAISE EXCEPTION 'organization % would stand below itself', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;

    CREATE TRIGGER refuse_circle BEFORE UPDATE OF parent_id ON organizations
        FOR EACH ROW
        WHEN (NEW.parent_id IS NOT NULL AND NEW.parent_id IS DISTINCT FROM OLD.parent_id)
        EXECUTE FUNCTION refuse_circle();

    -- Only merchants own others, programs and endpoints.
    CREATE FUNCTION require_merchant() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        owner uuid := CASE TG_TABLE_NAME WHEN 'organizations' THEN (to_jsonb(NEW) ->> 'parent_id')::uuid
                                         ELSE (to_jsonb(NEW) ->> 'organization_id')::uuid END;
    BEGIN
        -- A request does not see organizations that are not its own; row-level security refuses those.
        IF EXISTS (SELECT FROM organizations WHERE id = owner AND kind = 'affiliate') THEN
            RAISE EXCEPTION 'organization % is an affiliate and cannot own rows of %', owner, TG_TABLE_NAME
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;

    CREATE TRIGGER require_merchant BEFORE INSERT OR UPDATE OF parent_id ON organizations
        FOR EACH ROW EXECUTE FUNCTION require_merchant();

    -- An API key of an organization. Only the SHA-256 of the plaintext is stored.
    CREATE TABLE api_keys (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        name text NOT NULL,
        key_hash text NOT NULL,
        hint text NOT NULL,
        livemode boolean NOT NULL,
        level text NOT NULL,
        scopes text[] NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT pk_api_keys PRIMARY KEY (id),
        CONSTRAINT ck_api_keys_level CHECK (level IN ('read', 'manage')),
        CONSTRAINT fk_api_keys_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash)
    );
    CREATE INDEX ix_api_keys_organization_id ON api_keys (organization_id);

    CREATE FUNCTION keep_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a revoked key stays revoked; make a new one' USING ERRCODE = 'check_violation';
    END $$;

    CREATE TRIGGER keep_revoked BEFORE UPDATE OF revoked_at ON api_keys
        FOR EACH ROW
        WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        EXECUTE FUNCTION keep_revoked();

    -- A change that a person, a key or the clock made. No role may update or delete entries.
    CREATE TABLE audit_entries (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        actor text NOT NULL,
        livemode boolean,
        action text NOT NULL,
        subject_id text NOT NULL,
        details jsonb NOT NULL DEFAULT '{}',
        request_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_audit_entries PRIMARY KEY (id),
        CONSTRAINT ck_audit_entries_action CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
        CONSTRAINT fk_audit_entries_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE INDEX ix_audit_entries_action ON audit_entries (organization_id, action, id);
    CREATE INDEX ix_audit_entries_organization_id ON audit_entries (organization_id, id);
    CREATE INDEX ix_audit_entries_subject ON audit_entries (subject_id, organization_id, id);

    -- The stored response to a request.
    CREATE TABLE stored_responses (
        organization_id uuid NOT NULL,
        request bytea NOT NULL,
        livemode boolean NOT NULL,
        body bytea NOT NULL,
        status integer NOT NULL,
        response text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_stored_responses PRIMARY KEY (organization_id, request)
    );
    CREATE INDEX ix_stored_responses_created_at ON stored_responses (created_at);
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("""
        DROP TABLE stored_responses, audit_entries, api_keys, organizations
    """)
    op.execute("DROP FUNCTION refuse_circle, require_merchant, keep_revoked")
