"""The roles Accrual runs under, and what each may do to every table.

`accrual_entry` is what the web server's connections start as, before a caller is known: it finds keys, stores events
and touchpoints, lets partners join. `accrual_request` acts for a caller. `accrual_web`, the web server's login, has no
rights of its own and can become either. `accrual_worker` is the login of workers, the clock and commands; NOINHERIT, so
that it is not held to the conditions of requests. Logins are made without LOGIN: the operator, or `accrual up`, gives
them a password. Roles belong to the whole cluster, so they are made only where missing and never dropped.

Revision: roles
Follows: ledger
"""

from alembic import op

revision = "roles"
down_revision = "ledger"
branch_labels = None
depends_on = None

ROLES = {
    "accrual_request": "NOLOGIN",
    "accrual_entry": "NOLOGIN NOINHERIT",
    "accrual_web": "NOLOGIN NOINHERIT",
    "accrual_worker": "NOLOGIN NOINHERIT",
}
CREATE_ROLE = """
    DO $$ BEGIN
        CREATE ROLE {role} {attributes};
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END $$
"""
MEMBERSHIPS = """
    GRANT accrual_worker, accrual_request, accrual_entry TO CURRENT_USER;
    GRANT accrual_entry, accrual_request TO accrual_web, accrual_worker;
    GRANT USAGE ON SCHEMA public TO accrual_worker, accrual_request, accrual_entry
"""

WORKER = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON accounts, api_keys, attributions, commission_sums, commissions,
        conversions, decisions, drifts, due_events, email_confirmations, evidence, invitations, lookups,
        organizations, partner_codes, partner_mails, partner_promotions, partners, payments, programs,
        snapshots, stored_responses, stripe_endpoints, stripe_events, stripe_objects, stripe_runs,
        stripe_runs_seen, sums_checkpoints, terms TO accrual_worker;
    GRANT SELECT ON alembic_version TO accrual_worker;
    GRANT SELECT, INSERT ON audit_entries, journal_entries, posted_commissions, postings, session_touches,
        touchpoints TO accrual_worker
"""

# No id, owner, mode, payload or time of making can be changed by a request. What settling writes (objects, payments,
# attributions, conversions, commissions) keeps its rows as a whole: a request that decides or credits settles, and
# settling writes them entirely. The ledger, which they follow from, is append-only.
REQUEST = """
    GRANT SELECT, INSERT ON accounts, api_keys, audit_entries, decisions, due_events, evidence, invitations,
        journal_entries, lookups, organizations, partner_codes, partner_promotions, partners,
        posted_commissions, postings, programs, session_touches, snapshots, stored_responses, stripe_endpoints,
        stripe_runs, terms TO accrual_request;
    GRANT SELECT ON alembic_version, commission_sums, drifts, partner_mails, stripe_events, stripe_runs_seen,
        sums_checkpoints, touchpoints TO accrual_request;
    GRANT SELECT, INSERT, UPDATE ON attributions, commissions, conversions, payments, stripe_objects TO
        accrual_request;
    GRANT UPDATE (revoked_at) ON api_keys TO accrual_request;
    GRANT UPDATE (next_attempt_at) ON due_events TO accrual_request;
    GRANT UPDATE (queued_at, attempts, next_attempt_at, problem, done_at) ON lookups TO accrual_request;
    GRANT UPDATE (removed_at) ON partner_promotions TO accrual_request;
    GRANT UPDATE (partner_organization_id, parent_id, email, first_name, last_name, slug, status, payout_method,
        payout_email, stripe_account_id, metadata, activated_at, status_changed_at, email_state) ON partners TO
        accrual_request;
    GRANT UPDATE (name, status, currency, landing_url, is_default, conversion_kind, conversion_event_name,
        conversion_entitlement_id, attribution_model, attribution_window_days, allow_self_referral,
        include_out_of_band, multi_level_enabled, platform_fee_bps, minimum_payouts, auto_approve, open_signup,
        landing_hosts, time_zone) ON programs TO accrual_request;
    GRANT UPDATE (body, status, response, created_at, livemode) ON stored_responses TO accrual_request;
    GRANT UPDATE (secrets_encrypted, disabled_at, description, deleted_at, api_key_encrypted) ON
        stripe_endpoints TO accrual_request;
    GRANT UPDATE (processed_at, outcome, outcome_details, attempts, last_error) ON stripe_events TO
        accrual_request;
    GRANT UPDATE (parameters, state, phase, problem, heartbeat_at, finished_at, due_at, lease, failures) ON
        stripe_runs TO accrual_request
"""

# Before a caller is known.
ENTRY = """
    GRANT SELECT ON alembic_version, email_confirmations, invitations, programs, stripe_endpoints, terms TO
        accrual_entry;
    GRANT INSERT ON api_keys, audit_entries, due_events, stripe_events, touchpoints TO accrual_entry;
    GRANT SELECT, INSERT ON organizations, partner_codes, partner_mails, partners, snapshots TO accrual_entry;
    GRANT SELECT (id, organization_id, key_hash, level, scopes, created_at, last_used_at, revoked_at, livemode)
        ON api_keys TO accrual_entry;
    GRANT UPDATE (last_used_at) ON api_keys TO accrual_entry;
    GRANT SELECT (next_attempt_at) ON due_events TO accrual_entry;
    GRANT UPDATE (used_at) ON email_confirmations TO accrual_entry;
    GRANT UPDATE (accepted_at) ON invitations TO accrual_entry;
    GRANT UPDATE (partner_organization_id, first_name, last_name, status, activated_at, status_changed_at,
        email_state) ON partners TO accrual_entry;
    GRANT SELECT (id, organization_id, endpoint_id, account, livemode, stripe_id, api_version, received_at,
        processed_at, outcome, is_wrong_mode) ON stripe_events TO accrual_entry
"""

FUNCTIONS = """
    REVOKE ALL ON FUNCTION drop_touchpoint_months, keep_touchpoint_month FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION drop_touchpoint_months, keep_touchpoint_month TO accrual_worker;
    REVOKE ALL ON FUNCTION is_stripe_event_different FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION is_stripe_event_different TO accrual_entry
"""


def upgrade() -> None:
    for role, attributes in ROLES.items():
        op.execute(CREATE_ROLE.format(role=role, attributes=attributes))
    op.execute(MEMBERSHIPS)
    for grants in (WORKER, REQUEST, ENTRY):
        op.execute(grants)
    op.execute(FUNCTIONS)


def downgrade() -> None:
    roles = "accrual_worker, accrual_request, accrual_entry"
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {roles}")
    op.execute(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM {roles}")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {roles}")
