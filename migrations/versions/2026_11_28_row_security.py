"""The rows each role sees.

A request sees the rows of the organizations and the mode that its transaction names in `accrual.organizations` and
`accrual.livemode`; unset, it sees nothing. An affiliate, named in `accrual.affiliate`, sees what concerns its own
enrollments. The worker sees everything.

Revision: row_security
Follows: roles
"""

from alembic import op

revision = "row_security"
down_revision = "roles"
branch_labels = None
depends_on = None

FUNCTIONS = """
    CREATE FUNCTION visible_organizations() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce(nullif(current_setting('accrual.organizations', true), ''), '{}')::uuid[]
    $$;

    CREATE FUNCTION visible_livemode() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT nullif(current_setting('accrual.livemode', true), '')::boolean
    $$;

    CREATE FUNCTION calling_affiliate() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT nullif(current_setting('accrual.affiliate', true), '')::uuid
    $$;

    CREATE FUNCTION own_partners() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(id), '{}') FROM partners
        WHERE partner_organization_id = calling_affiliate() AND status IN ('pending', 'active', 'paused')
    $$;

    CREATE FUNCTION own_programs() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(program_id), '{}') FROM partners
        WHERE partner_organization_id = calling_affiliate() AND status IN ('pending', 'active', 'paused')
    $$;
"""

OWNED = """
    accounts api_keys attributions audit_entries commission_sums commissions conversions decisions drifts
    due_events evidence invitations journal_entries lookups partner_codes partner_mails partner_promotions
    partners payments posted_commissions postings programs session_touches snapshots stored_responses
    stripe_endpoints stripe_events stripe_objects stripe_runs stripe_runs_seen sums_checkpoints terms
    touchpoints
"""
"""Tables whose rows have an owner: `organization_id`."""

WITHOUT_OWNER = ("organizations", "email_confirmations")

IN_A_MODE = """
    accounts attributions commission_sums commissions conversions decisions due_events evidence journal_entries
    lookups partner_promotions payments posted_commissions postings stored_responses stripe_endpoints
    stripe_events stripe_objects stripe_runs
"""
"""Tables whose rows are of live or of test money: `livemode`."""

OPEN_TO_ENTRY = """
    api_keys audit_entries email_confirmations invitations partner_codes partner_mails partners programs
    snapshots stripe_endpoints terms touchpoints
"""
"""Tables of which all rows are open before a caller is known, within the role's rights."""

SPECIAL = """
    CREATE POLICY mode ON audit_entries AS RESTRICTIVE TO accrual_request
            USING (livemode IS NULL OR livemode = (SELECT visible_livemode()));
    CREATE POLICY partner ON commissions FOR SELECT TO accrual_request
            USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY partner ON conversions FOR SELECT TO accrual_request
            USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY mode ON drifts AS RESTRICTIVE TO accrual_request
            USING (run_id IN (SELECT id FROM stripe_runs));
    CREATE POLICY entry_insert ON due_events FOR INSERT TO accrual_entry WITH CHECK (true);
    CREATE POLICY entry_select ON due_events FOR SELECT TO accrual_entry USING (true);
    CREATE POLICY entry_insert ON organizations FOR INSERT TO accrual_entry
            WITH CHECK (parent_id IS NULL AND kind = 'affiliate');
    CREATE POLICY entry_select ON organizations FOR SELECT TO accrual_entry USING (true);
    CREATE POLICY request ON organizations TO accrual_request
            USING (id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY request_adds_below ON organizations AS RESTRICTIVE FOR INSERT TO accrual_request
            WITH CHECK (parent_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY partner ON partner_codes FOR SELECT TO accrual_request
            USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY partner ON partners FOR SELECT TO accrual_request
            USING (partner_organization_id = (SELECT calling_affiliate()));
    CREATE POLICY partner ON programs FOR SELECT TO accrual_request
            USING (id = ANY ((SELECT own_programs())::uuid[]));
    CREATE POLICY partner ON snapshots FOR SELECT TO accrual_request
            USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY entry_insert ON stripe_events FOR INSERT TO accrual_entry WITH CHECK (true);
    CREATE POLICY entry_select ON stripe_events FOR SELECT TO accrual_entry USING (true);
    CREATE POLICY partner ON terms FOR SELECT TO accrual_request
            USING (program_id = ANY ((SELECT own_programs())::uuid[]))
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    for table in (*OWNED.split(), *WITHOUT_OWNER):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
    for table in OWNED.split():
        op.execute(
            f"CREATE POLICY request ON {table} TO accrual_request "
            "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
        )
    for table in IN_A_MODE.split():
        op.execute(
            f"CREATE POLICY mode ON {table} AS RESTRICTIVE TO accrual_request "
            "USING (livemode = (SELECT visible_livemode()))"
        )
    for table in OPEN_TO_ENTRY.split():
        op.execute(f"CREATE POLICY entry_all ON {table} TO accrual_entry USING (true) WITH CHECK (true)")
    op.execute("ALTER TABLE touchpoints_elsewhen ENABLE ROW LEVEL SECURITY")  # for who reads the partition itself
    op.execute(SPECIAL)


def downgrade() -> None:
    op.execute("""
        DO $$ DECLARE policy record; BEGIN
            FOR policy IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = current_schema() LOOP
                EXECUTE format('DROP POLICY %I ON %I', policy.policyname, policy.tablename);
                EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', policy.tablename);
            END LOOP;
        END $$
    """)
    op.execute("DROP FUNCTION own_partners, own_programs, calling_affiliate, visible_livemode, visible_organizations")
