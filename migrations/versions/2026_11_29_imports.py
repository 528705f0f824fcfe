"""Imports: their files, sealed until they are worked through, what was refused, and affiliates' former ids.

Revision: imports
Follows: browser_keys
"""

from alembic import op

revision = "imports"
down_revision = "browser_keys"
branch_labels = None
depends_on = None

TABLES = ("imports", "import_files", "import_refusals", "imported_affiliates")

SCHEMA = """
    CREATE TABLE imports (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid NOT NULL,
        livemode boolean NOT NULL,
        tool text NOT NULL,
        dry_run boolean NOT NULL,
        leave_pending boolean NOT NULL,
        columns jsonb NOT NULL,
        cutoff_at timestamptz,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        status text NOT NULL DEFAULT 'queued',
        rows integer NOT NULL,
        rows_done integer NOT NULL DEFAULT 0,
        counts jsonb NOT NULL DEFAULT '{}',
        problem jsonb,
        due_at timestamptz NOT NULL DEFAULT now(),
        failures integer NOT NULL DEFAULT 0,
        finished_at timestamptz,
        CONSTRAINT pk_imports PRIMARY KEY (id),
        CONSTRAINT fk_imports_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_imports_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT ck_imports_tool CHECK (tool IN ('rewardful', 'firstpromoter', 'tolt', 'csv')),
        CONSTRAINT ck_imports_status CHECK (status IN ('queued', 'finished', 'failed')),
        CONSTRAINT ck_imports_finished CHECK ((finished_at IS NULL) = (status = 'queued'))
    );
    CREATE INDEX ix_imports_due ON imports (due_at) WHERE status = 'queued';
    CREATE INDEX ix_imports_organization_id ON imports (organization_id, livemode, id);

    CREATE TABLE import_files (
        id uuid NOT NULL,
        import_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        position integer NOT NULL,
        name text NOT NULL,
        contents text NOT NULL,
        rows integer NOT NULL,
        rows_done integer NOT NULL DEFAULT 0,
        sha256 text NOT NULL,
        unit text,
        unread text[] NOT NULL,
        content_encrypted text,
        CONSTRAINT pk_import_files PRIMARY KEY (id),
        CONSTRAINT fk_import_files_import_id FOREIGN KEY (import_id) REFERENCES imports (id),
        CONSTRAINT uq_import_files_import_id_position UNIQUE (import_id, position)
    );

    CREATE TABLE import_refusals (
        id bigint GENERATED ALWAYS AS IDENTITY,
        import_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        file integer NOT NULL,
        line integer NOT NULL,
        kind text NOT NULL,
        reason text NOT NULL,
        details jsonb NOT NULL,
        CONSTRAINT pk_import_refusals PRIMARY KEY (id),
        CONSTRAINT fk_import_refusals_import_id FOREIGN KEY (import_id) REFERENCES imports (id),
        CONSTRAINT ck_import_refusals_kind CHECK (kind IN ('refused', 'left_out'))
    );
    CREATE INDEX ix_import_refusals_import_id ON import_refusals (import_id, id);

    CREATE TABLE imported_affiliates (
        program_id uuid NOT NULL,
        tool text NOT NULL,
        source_id text NOT NULL,
        organization_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        import_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_imported_affiliates PRIMARY KEY (program_id, tool, source_id),
        CONSTRAINT fk_imported_affiliates_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_imported_affiliates_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_imported_affiliates_import_id FOREIGN KEY (import_id) REFERENCES imports (id)
    );
    CREATE INDEX ix_imported_affiliates_partner_id ON imported_affiliates (partner_id);
"""

# A request asks for an import and shows it; the job, as the worker, does the rest. A request never reads a file.
RIGHTS = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON imports, import_files, import_refusals, imported_affiliates
        TO accrual_worker;
    GRANT SELECT, INSERT ON imports TO accrual_request;
    GRANT INSERT ON import_files TO accrual_request;
    GRANT SELECT (id, import_id, organization_id, livemode, position, name, contents, rows, rows_done, sha256, unit,
        unread) ON import_files TO accrual_request;
    GRANT SELECT ON import_refusals TO accrual_request;

    CREATE POLICY mode ON imports AS RESTRICTIVE TO accrual_request USING (livemode = (SELECT visible_livemode()));
    CREATE POLICY mode ON import_files AS RESTRICTIVE TO accrual_request USING (livemode = (SELECT visible_livemode()));
    CREATE POLICY mode ON import_refusals AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
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
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE imported_affiliates, import_refusals, import_files, imports")
