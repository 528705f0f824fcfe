"""How each partner is paid, sealed; the partner itself may write its own row.

`payout_method` and `payout_email` of `partners` move into the new table. Addresses are sealed with the secret key of the
process that migrates; a database without any needs no key.

Revision: payout_methods
Follows: payout_entries
"""

import json

from alembic import op
from sqlalchemy import text

from app import sealing

revision = "payout_methods"
down_revision = "payout_entries"
branch_labels = None
depends_on = None

TABLE = """
    CREATE TABLE payout_methods (
        partner_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        method text,
        destination_encrypted text,
        destination_masked jsonb NOT NULL DEFAULT '{}',
        fingerprint text,
        country text,
        email_encrypted text,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_payout_methods PRIMARY KEY (partner_id),
        CONSTRAINT fk_payout_methods_partner_id_partners FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_payout_methods_organization_id_organizations
            FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT ck_payout_methods_method CHECK
            (method IN ('paypal', 'wise', 'bank_transfer', 'payoneer', 'stripe', 'crypto', 'external')),
        CONSTRAINT ck_payout_methods_destination_of_method CHECK (method IS NOT NULL OR destination_encrypted IS NULL),
        CONSTRAINT ck_payout_methods_fingerprint CHECK ((destination_encrypted IS NULL) = (fingerprint IS NULL))
    )
"""

# `named_partner` is what the transaction says, `calling_partner` what its affiliate may write for: proven by its row.
FUNCTIONS = """
    CREATE FUNCTION named_partner() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT nullif(current_setting('accrual.partner', true), '')::uuid
    $$;

    CREATE FUNCTION calling_partner() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT id FROM partners WHERE id = named_partner()
        AND partner_organization_id = calling_affiliate() AND status IN ('pending', 'active', 'paused')
    $$;

    CREATE FUNCTION calling_partners_owner() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT organization_id FROM partners WHERE id = calling_partner()
    $$;

    CREATE OR REPLACE FUNCTION own_partners() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(id), '{}') FROM partners
        WHERE partner_organization_id = calling_affiliate() AND status IN ('pending', 'active', 'paused')
            AND (named_partner() IS NULL OR id = named_partner())
    $$;

    CREATE OR REPLACE FUNCTION own_programs() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(program_id), '{}') FROM partners
        WHERE partner_organization_id = calling_affiliate() AND status IN ('pending', 'active', 'paused')
            AND (named_partner() IS NULL OR id = named_partner())
    $$
"""

POLICIES = """
    ALTER TABLE payout_methods ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON payout_methods TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON payout_methods TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY partner ON payout_methods FOR SELECT TO accrual_request
        USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY partner_writes ON payout_methods TO accrual_request
        USING (partner_id = (SELECT calling_partner()))
        WITH CHECK (partner_id = (SELECT calling_partner()) AND organization_id = (SELECT calling_partners_owner()));
    CREATE POLICY partner_adds ON audit_entries FOR INSERT TO accrual_request
        WITH CHECK (organization_id = (SELECT calling_partners_owner()));
    ALTER POLICY partner ON partners USING (
        partner_organization_id = (SELECT calling_affiliate())
        AND ((SELECT named_partner()) IS NULL OR id = (SELECT named_partner())));
    GRANT SELECT, INSERT, UPDATE, DELETE ON payout_methods TO accrual_worker;
    GRANT SELECT, INSERT ON payout_methods TO accrual_request;
    GRANT UPDATE (method, destination_encrypted, destination_masked, fingerprint, country, email_encrypted, updated_at)
        ON payout_methods TO accrual_request
"""

STORED = "SELECT id AS partner_id, organization_id, payout_method, payout_email FROM partners WHERE payout_method IS NOT NULL OR payout_email IS NOT NULL"
INSERT = text("""
    INSERT INTO payout_methods (partner_id, organization_id, method, destination_encrypted, destination_masked,
        fingerprint, email_encrypted)
    VALUES (:partner_id, :organization_id, :method, :destination, :masked, :fingerprint, :email)
""")
RESTORE = text("UPDATE partners SET payout_method = :method, payout_email = :email WHERE id = :partner_id")

BEFORE = """
    ALTER POLICY partner ON partners USING (partner_organization_id = (SELECT calling_affiliate()));
    DROP POLICY partner_adds ON audit_entries;
    DROP TABLE payout_methods;
    CREATE OR REPLACE FUNCTION own_partners() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(id), '{}') FROM partners
        WHERE partner_organization_id = calling_affiliate() AND status IN ('pending', 'active', 'paused')
    $$;
    CREATE OR REPLACE FUNCTION own_programs() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(program_id), '{}') FROM partners
        WHERE partner_organization_id = calling_affiliate() AND status IN ('pending', 'active', 'paused')
    $$;
    DROP FUNCTION calling_partners_owner, calling_partner, named_partner
"""


def upgrade() -> None:
    op.execute(TABLE)
    for row in op.get_bind().execute(text(STORED)).mappings().all():
        op.get_bind().execute(INSERT, _sealed(**row))
    op.execute("ALTER TABLE partners DROP COLUMN payout_method, DROP COLUMN payout_email")
    op.execute(FUNCTIONS)
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE partners ADD payout_method text, ADD payout_email text,
            ADD CONSTRAINT ck_partners_payout_method CHECK
                (payout_method IN ('paypal', 'stripe', 'bank_transfer', 'crypto'))
    """)
    op.execute("GRANT UPDATE (payout_method, payout_email) ON partners TO accrual_request")
    for row in op.get_bind().execute(text("SELECT partner_id, method, email_encrypted FROM payout_methods")).all():
        method = row.method if row.method in ("paypal", "stripe", "bank_transfer", "crypto") else None
        email = row.email_encrypted and sealing.unseal(row.email_encrypted, sealing.of_process())
        op.get_bind().execute(RESTORE, {"partner_id": row.partner_id, "method": method, "email": email})
    op.execute(BEFORE)


def _sealed(
    *, partner_id: object, organization_id: object, payout_method: str | None, payout_email: str | None
) -> dict[str, object]:
    """The row as the application writes it: the address is the destination of PayPal."""
    columns: dict[str, object] = {"partner_id": partner_id, "organization_id": organization_id, "method": payout_method}
    if payout_email is None:
        return {**columns, "destination": None, "masked": "{}", "fingerprint": None, "email": None}
    settings = sealing.of_process()
    columns["email"] = sealing.seal(payout_email, settings)
    if payout_method != "paypal":
        return {**columns, "destination": None, "masked": "{}", "fingerprint": None}
    written = json.dumps({"email": payout_email}, ensure_ascii=False, separators=(",", ":"))
    local, _, domain = payout_email.partition("@")
    return {
        **columns,
        "destination": sealing.seal(written, settings),
        "masked": json.dumps({"email": f"{local[0]}…@{domain}"}),
        "fingerprint": sealing.fingerprint(f"payout destination paypal {written}", settings),
    }
