"""Organizations stand in a tree; requests add to it below themselves, and of a key they change only that it ends.

Revision: organization_tree
Follows: shapes
"""

from alembic import op

revision = "organization_tree"
down_revision = "shapes"
branch_labels = None
depends_on = None

# Only an update can close a circle: of a new row nobody can be a child yet. One at a time, because two that each look
# right could make a circle of each other; each statement here sees what was committed while it waited for the lock.
REFUSE_CIRCLE = """
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
END $$
"""


def upgrade() -> None:
    op.create_check_constraint(op.f("ck_organizations_parent"), "organizations", "parent_id <> id")
    op.execute(REFUSE_CIRCLE)
    op.execute("""
        CREATE TRIGGER refuse_circle BEFORE UPDATE OF parent_id ON organizations
        FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NEW.parent_id IS DISTINCT FROM OLD.parent_id)
        EXECUTE FUNCTION refuse_circle()
    """)
    op.execute("GRANT INSERT ON organizations TO accrual_request")
    op.execute("""
        CREATE POLICY request_adds_below ON organizations AS RESTRICTIVE FOR INSERT TO accrual_request
        WITH CHECK (parent_id = ANY ((SELECT visible_organizations())::uuid[]))
    """)
    op.execute("REVOKE UPDATE ON api_keys FROM accrual_request")
    op.execute("GRANT UPDATE (revoked_at) ON api_keys TO accrual_request")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (revoked_at) ON api_keys FROM accrual_request")
    op.execute("GRANT UPDATE ON api_keys TO accrual_request")
    op.execute("DROP POLICY request_adds_below ON organizations")
    op.execute("REVOKE INSERT ON organizations FROM accrual_request")
    op.execute("DROP TRIGGER refuse_circle ON organizations")
    op.execute("DROP FUNCTION refuse_circle()")
    op.drop_constraint(op.f("ck_organizations_parent"), "organizations")
