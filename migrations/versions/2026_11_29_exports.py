"""Exports: asked for by a key, made by a job, and kept in sealed parts until they expire.

Revision: exports
Follows: entry_reasons
"""

from alembic import op

revision = "exports"
down_revision = "entry_reasons"
branch_labels = None
depends_on = None

TABLES = ("exports", "export_parts")

SCHEMA = """
    CREATE TABLE exports (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        status text NOT NULL DEFAULT 'queued',
        has_destinations boolean NOT NULL,
        passphrase_encrypted text,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        progress_bps integer NOT NULL DEFAULT 0,
        rows bigint,
        bytes bigint,
        sha256 text,
        problem jsonb,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        lease integer NOT NULL DEFAULT 0,
        finished_at timestamptz,
        expires_at timestamptz,
        CONSTRAINT pk_exports PRIMARY KEY (id),
        CONSTRAINT fk_exports_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT ck_exports_status CHECK (status IN ('queued', 'running', 'ready', 'failed', 'expired')),
        CONSTRAINT ck_exports_finished CHECK ((finished_at IS NULL) = (status IN ('queued', 'running'))),
        CONSTRAINT ck_exports_passphrase CHECK (passphrase_encrypted IS NULL OR finished_at IS NULL),
        CONSTRAINT ck_exports_made CHECK (status <> 'ready' OR (rows, bytes, sha256, expires_at) IS NOT NULL)
    );
    CREATE INDEX ix_exports_organization_id ON exports (organization_id, livemode, id);
    CREATE UNIQUE INDEX uq_exports_unfinished ON exports (organization_id, livemode) WHERE finished_at IS NULL;
    CREATE INDEX ix_exports_expires_at ON exports (expires_at) WHERE status = 'ready';

    CREATE TABLE export_parts (
        export_id uuid NOT NULL,
        number integer NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        content_encrypted bytea NOT NULL,
        CONSTRAINT pk_export_parts PRIMARY KEY (export_id, number),
        CONSTRAINT fk_export_parts_export_id FOREIGN KEY (export_id) REFERENCES exports (id)
    );
    ALTER TABLE export_parts ALTER COLUMN content_encrypted SET STORAGE EXTERNAL;
"""

RIGHTS = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON exports, export_parts TO accrual_worker;
    GRANT SELECT, INSERT ON exports TO accrual_request;
    GRANT SELECT ON export_parts TO accrual_request;
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
        op.execute(
            f"CREATE POLICY request ON {table} TO accrual_request "
            "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
        )
        op.execute(
            f"CREATE POLICY mode ON {table} AS RESTRICTIVE TO accrual_request "
            "USING (livemode = (SELECT visible_livemode()))"
        )
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE export_parts, exports")
