"""The two roles the application runs under, and the rows each may see.

`accrual_worker` sees all rows and may change no schema. `accrual_request` sees the rows of the organizations its
transaction names in `accrual.organizations`; unset, it sees nothing. Roles belong to the whole cluster, so they are
made only where missing and never dropped.

Revision: roles
Follows: ledger_laws
"""

from alembic import op

revision = "roles"
down_revision = "ledger_laws"
branch_labels = None
depends_on = None

TABLES = {
    "organizations": "",
    "api_keys": "INSERT, UPDATE",
    "stripe_endpoints": "",
    "programs": "INSERT, UPDATE",
    "terms": "INSERT",
    "partners": "INSERT, UPDATE",
    "partner_codes": "INSERT",
    "snapshots": "INSERT",
    "stripe_events": "UPDATE",
    "stripe_objects": "",
    "payments": "",
    "refunds": "",
    "evidence": "",
    "attributions": "",
    "conversions": "",
    "commissions": "",
    "accounts": "",
    "journal_entries": "",
    "postings": "",
}
"""Every table, and what a request may do to it beside reading."""

APPEND_ONLY = ("journal_entries", "postings")

CREATE_ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$
"""

VISIBLE_ORGANIZATIONS = """
CREATE FUNCTION visible_organizations() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('accrual.organizations', true), ''), '{}')::uuid[]
$$
"""


def upgrade() -> None:
    for role in ("accrual_worker", "accrual_request"):
        op.execute(CREATE_ROLE.format(role=role))
        op.execute(f"GRANT {role} TO CURRENT_USER")
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        op.execute(f"GRANT SELECT ON alembic_version TO {role}")
    op.execute(VISIBLE_ORGANIZATIONS)
    for table, request_may in TABLES.items():
        worker_may = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        owner = "id" if table == "organizations" else "organization_id"
        op.execute(f"GRANT {worker_may} ON {table} TO accrual_worker")
        op.execute(f"GRANT SELECT{', ' + request_may if request_may else ''} ON {table} TO accrual_request")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
        op.execute(
            f"CREATE POLICY request ON {table} TO accrual_request "
            f"USING ({owner} = ANY ((SELECT visible_organizations())::uuid[]))"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP POLICY request ON {table}")
        op.execute(f"DROP POLICY worker ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE ALL ON {table} FROM accrual_worker, accrual_request")
    op.execute("DROP FUNCTION visible_organizations()")
    op.execute("REVOKE ALL ON alembic_version FROM accrual_worker, accrual_request")
    op.execute("REVOKE USAGE ON SCHEMA public FROM accrual_worker, accrual_request")
