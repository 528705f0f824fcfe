"""The receiver may ask whether a document under a known id differs from the stored one; it still reads no document.

Addresses are left out of the comparison, since Stripe signs some of them anew, and so is what Stripe counts at each
delivery (`pending_webhooks`).

Revision: different_documents
Follows: wrong_mode_apart
"""

from alembic import op

revision = "different_documents"
down_revision = "wrong_mode_apart"
branch_labels = None
depends_on = None

# What Postgres cannot read as jsonb, such as \u0000, is compared as text.
COMPARE = r"""
CREATE FUNCTION is_stripe_event_different(event_id bigint, body text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    address constant text := '"https?://[^"]*"';
    stored text := (SELECT payload FROM public.stripe_events WHERE id = event_id);
BEGIN
    RETURN stored IS DISTINCT FROM body AND EXISTS (
        SELECT FROM unnest(ARRAY['type', 'created', 'data', 'related_object']) AS part
        WHERE regexp_replace((stored::jsonb -> part)::text, address, '""', 'g')
            IS DISTINCT FROM regexp_replace((body::jsonb -> part)::text, address, '""', 'g')
    );
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN true;
END $$
"""
FUNCTION = "is_stripe_event_different(bigint, text)"


def upgrade() -> None:
    op.execute(COMPARE)
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO accrual_entry")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {FUNCTION}")
