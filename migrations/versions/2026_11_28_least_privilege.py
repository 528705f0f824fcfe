"""Each process logs in with no more than it needs; what a request may change is said column by column.

`accrual_entry` is what the web server's connections start as, before a caller is known. `accrual_web` is the web
server's login: it has no rights of its own and can become `accrual_entry` or `accrual_request`. `accrual_worker` is
the login of workers, the clock and commands. Both logins are made without LOGIN; the operator (or `accrual up`) gives
them a password. Roles belong to the whole cluster, so they are made only where missing and never dropped.

Revision: least_privilege
Follows: facts_by_their_time
"""

from alembic import op

revision = "least_privilege"
down_revision = "facts_by_their_time"
branch_labels = None
depends_on = None

CREATE_ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN NOINHERIT;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$
"""

# Both may become what a request is. NOINHERIT: a worker is not held to the conditions that requests are held to.
MEMBERSHIPS = """
    GRANT accrual_entry TO CURRENT_USER;
    ALTER ROLE accrual_worker NOINHERIT;
    GRANT accrual_entry, accrual_request TO accrual_web, accrual_worker
"""

ENTRY_MAY = {
    "alembic_version": "SELECT",
    "api_keys": (
        "SELECT (id, organization_id, key_hash, level, scopes, created_at, last_used_at, revoked_at), INSERT, "
        "UPDATE (last_used_at)"
    ),
    "audit_entries": "INSERT",
    "invitations": "SELECT, UPDATE (accepted_at)",
    "organizations": "SELECT, INSERT",
    "partner_codes": "SELECT, INSERT",
    "partner_mails": "SELECT, INSERT",
    "partners": (
        "SELECT, INSERT, "
        "UPDATE (partner_organization_id, first_name, last_name, status, status_changed_at, activated_at)"
    ),
    "programs": "SELECT",
    "snapshots": "SELECT, INSERT",
    "stripe_endpoints": "SELECT",
    "stripe_events": (
        "SELECT (id, organization_id, endpoint_id, account, livemode, stripe_id, api_version, received_at, "
        "processed_at, outcome, next_attempt_at), INSERT, UPDATE (endpoint_id, processed_at, outcome, next_attempt_at)"
    ),
    "terms": "SELECT",
    "touchpoints": "INSERT",
}
"""What may be done before a caller is known: keys are found, events and touchpoints stored, partners join."""

POLICIES = {
    "organizations": {"SELECT": "USING (true)", "INSERT": "WITH CHECK (parent_id IS NULL AND kind = 'affiliate')"},
    # Only an event that came through an endpoint of the wrong mode becomes due by coming again through the right one.
    "stripe_events": {
        "SELECT": "USING (true)",
        "INSERT": "WITH CHECK (true)",
        "UPDATE": "USING (outcome = 'wrong_mode') WITH CHECK (outcome IS NULL)",
    },
}
"""Which rows, where it is not all of them."""

WITHOUT_POLICIES = "alembic_version"

REQUEST_MAY_UPDATE = {
    "kept_answers": "body, status, answer, created_at",
    "lookups": "attempts, next_attempt_at, problem, done_at, wanted_at",
    "partner_promotions": "removed_at",
    "partners": (
        "parent_id, email, first_name, last_name, slug, status, payout_method, payout_email, stripe_account_id, "
        "metadata, activated_at, status_changed_at, partner_organization_id"
    ),
    "programs": (
        "name, status, currency, landing_url, is_default, conversion_kind, conversion_event_name, "
        "conversion_entitlement_id, attribution_model, attribution_window_days, allow_self_referral, "
        "include_out_of_band, multi_level_enabled, platform_fee_bps, minimum_payouts, auto_approve, open_signup, "
        "landing_hosts, time_zone"
    ),
    "stripe_endpoints": "secrets_encrypted, api_key_encrypted, disabled_at, description, deleted_at",
    "stripe_events": "processed_at, outcome, outcome_details, attempts, next_attempt_at, last_error",
    "stripe_runs": "state, phase, due_at, problem, finished_at, parameters, heartbeat_at, lease, failures",
}
"""Columns that requests change: no id, owner, mode, payload or time of making.

What settling writes (objects, payments, attributions, conversions, commissions) keeps its rows as a whole: a request that
decides or credits settles, and settling writes them entirely. The ledger, which they follow from, is append-only.
"""

KEEP_REVOKED = """
CREATE FUNCTION keep_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a revoked key stays revoked; make a new one' USING ERRCODE = 'check_violation';
END $$
"""


def upgrade() -> None:
    for role in ("accrual_entry", "accrual_web"):
        op.execute(CREATE_ROLE.format(role=role))
    op.execute(MEMBERSHIPS)
    op.execute("GRANT USAGE ON SCHEMA public TO accrual_entry")
    for table, privileges in ENTRY_MAY.items():
        op.execute(f"GRANT {privileges} ON {table} TO accrual_entry")
        if table != WITHOUT_POLICIES:
            for command, condition in POLICIES.get(table, {"ALL": "USING (true) WITH CHECK (true)"}).items():
                op.execute(
                    f"CREATE POLICY entry_{command.lower()} ON {table} FOR {command} TO accrual_entry {condition}"
                )
    for table, columns in REQUEST_MAY_UPDATE.items():
        op.execute(f"REVOKE UPDATE ON {table} FROM accrual_request")
        op.execute(f"GRANT UPDATE ({columns}) ON {table} TO accrual_request")
    op.execute(KEEP_REVOKED)
    op.execute("""
        CREATE TRIGGER keep_revoked BEFORE UPDATE OF revoked_at ON api_keys FOR EACH ROW
        WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        EXECUTE FUNCTION keep_revoked()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_revoked ON api_keys")
    op.execute("DROP FUNCTION keep_revoked()")
    for table, columns in REQUEST_MAY_UPDATE.items():
        op.execute(f"REVOKE UPDATE ({columns}) ON {table} FROM accrual_request")
        op.execute(f"GRANT UPDATE ON {table} TO accrual_request")
    for table, privileges in ENTRY_MAY.items():
        if table != WITHOUT_POLICIES:
            for command in POLICIES.get(table, ["ALL"]):
                op.execute(f"DROP POLICY entry_{command.lower()} ON {table}")
        op.execute(f"REVOKE {privileges} ON {table} FROM accrual_entry")
    op.execute("REVOKE USAGE ON SCHEMA public FROM accrual_entry")
