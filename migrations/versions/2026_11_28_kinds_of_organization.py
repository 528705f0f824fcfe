"""Organizations are merchants or affiliates; only merchants own programs, webhook endpoints and other organizations.

An organization that partners are enrolled through and that owns no program was made by sign-up or by an invitation.
New rows are affiliates unless they say otherwise, which is the kind that may do less.

Revision: kinds_of_organization
Follows: recorded
"""

import sqlalchemy as sa
from alembic import op

revision = "kinds_of_organization"
down_revision = "recorded"
branch_labels = None
depends_on = None

BACKFILL = """
    UPDATE organizations SET kind = 'merchant'
    WHERE EXISTS (SELECT FROM programs WHERE programs.organization_id = organizations.id)
       OR NOT EXISTS (SELECT FROM partners WHERE partners.partner_organization_id = organizations.id)
"""

# The commands check the same and answer in words; this holds for every other way to write a row.
MERCHANTS_ONLY = """
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
END $$
"""

OWNED = {
    "programs": "INSERT OR UPDATE OF organization_id",
    "stripe_endpoints": "INSERT OR UPDATE OF organization_id",
    "organizations": "INSERT OR UPDATE OF parent_id",
}


def upgrade() -> None:
    op.add_column("organizations", sa.Column("kind", sa.Text(), server_default="affiliate", nullable=False))
    op.create_check_constraint(op.f("ck_organizations_kind"), "organizations", "kind IN ('merchant', 'affiliate')")
    op.execute(BACKFILL)
    op.execute(MERCHANTS_ONLY)
    for table, when in OWNED.items():
        op.execute(
            f"CREATE TRIGGER require_merchant BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION require_merchant()"
        )


def downgrade() -> None:
    for table in OWNED:
        op.execute(f"DROP TRIGGER require_merchant ON {table}")
    op.execute("DROP FUNCTION require_merchant()")
    op.drop_constraint(op.f("ck_organizations_kind"), "organizations")
    op.drop_column("organizations", "kind")
