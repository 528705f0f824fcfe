"""Files of payouts: what a run made for a person to upload, sealed.

Revision: payout_files
Follows: payout_backlog
"""

from alembic import op

revision = "payout_files"
down_revision = "payout_backlog"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE payout_files (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        run_id uuid NOT NULL,
        livemode boolean NOT NULL,
        method text NOT NULL,
        kind text NOT NULL,
        currency char(3) NOT NULL,
        name text NOT NULL,
        lines integer NOT NULL,
        net_minor bigint NOT NULL,
        sha256 text NOT NULL,
        content_encrypted text NOT NULL,
        status text NOT NULL DEFAULT 'current',
        created_at timestamptz NOT NULL DEFAULT now(),
        downloaded_at timestamptz,
        downloaded_by text,
        CONSTRAINT pk_payout_files PRIMARY KEY (id),
        CONSTRAINT fk_payout_files_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_payout_files_run_id FOREIGN KEY (run_id) REFERENCES payout_runs (id),
        CONSTRAINT ck_payout_files_status CHECK (status IN ('current', 'replacing', 'replaced', 'void')),
        CONSTRAINT ck_payout_files_kind CHECK (kind IN ('paypal', 'wise', 'sepa', 'payoneer', 'bank_list')),
        CONSTRAINT ck_payout_files_downloaded CHECK ((downloaded_at IS NULL) = (downloaded_by IS NULL)),
        CONSTRAINT ck_payout_files_status_after_download CHECK (CASE WHEN downloaded_at IS NULL THEN status <> 'void'
            ELSE status IN ('current', 'void') END)
    );
    CREATE INDEX ix_payout_files_run_id ON payout_files (run_id, id);
    CREATE INDEX ix_payout_files_replacing ON payout_files (run_id) WHERE status = 'replacing';
    ALTER TABLE payouts ADD CONSTRAINT fk_payouts_file_id FOREIGN KEY (file_id) REFERENCES payout_files (id);
    CREATE INDEX ix_payouts_file_id ON payouts (file_id) WHERE file_id IS NOT NULL;
    ALTER TABLE payout_files ENABLE ROW LEVEL SECURITY;
"""

# A request downloads a file and says what became of its payouts; the job makes files, as the worker.
RIGHTS = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON payout_files TO accrual_worker;
    GRANT SELECT ON payout_files TO accrual_request;
    GRANT UPDATE (status, downloaded_at, downloaded_by) ON payout_files TO accrual_request;

    CREATE POLICY worker ON payout_files TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON payout_files TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY mode ON payout_files AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("ALTER TABLE payouts DROP CONSTRAINT fk_payouts_file_id")
    op.execute("DROP INDEX ix_payouts_file_id")
    op.execute("DROP TABLE payout_files")
