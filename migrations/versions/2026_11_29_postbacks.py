"""Partners set their postback URLs themselves. With an endpoint its waiting deliveries end.

Revision: postbacks
Follows: endpoint_mails
"""

from alembic import op

revision = "postbacks"
down_revision = "endpoint_mails"
branch_labels = None
depends_on = None

POLICIES = """
    CREATE POLICY partner ON outbound_endpoints FOR SELECT TO accrual_request
        USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY partner_writes ON outbound_endpoints TO accrual_request
        USING (partner_id = (SELECT calling_partner()))
        WITH CHECK (partner_id = (SELECT calling_partner()) AND organization_id = (SELECT calling_partners_owner()));
"""

# Triggers, because a partner that removes its URL sees no deliveries, and an owner that bans a partner in one mode sees
# the URL of that mode only.
TRIGGERS = """
    CREATE FUNCTION give_up_deliveries() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
        UPDATE public.outbound_deliveries
        SET state = 'given_up', finished_at = now(), lease = NULL, leased_until = NULL
        WHERE endpoint_id = NEW.id AND state = 'pending';
        RETURN NULL;
    END $$;

    CREATE TRIGGER give_up_deliveries AFTER UPDATE OF deleted_at ON outbound_endpoints
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION give_up_deliveries();

    CREATE FUNCTION end_postbacks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
        IF NEW.status IN ('banned', 'deactivated') THEN
            UPDATE public.outbound_endpoints SET disabled_at = now(), disabled_reason = 'enrollment_ended'
            WHERE partner_id = NEW.id AND disabled_at IS NULL;
        ELSE
            UPDATE public.outbound_endpoints SET disabled_at = NULL, disabled_reason = NULL
            WHERE partner_id = NEW.id AND disabled_reason = 'enrollment_ended';
        END IF;
        RETURN NULL;
    END $$;

    CREATE TRIGGER end_postbacks AFTER UPDATE OF status ON partners
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION end_postbacks();
"""


def upgrade() -> None:
    op.execute(POLICIES)
    op.execute(TRIGGERS)


def downgrade() -> None:
    op.execute("DROP TRIGGER end_postbacks ON partners")
    op.execute("DROP FUNCTION end_postbacks")
    op.execute("DROP TRIGGER give_up_deliveries ON outbound_endpoints")
    op.execute("DROP FUNCTION give_up_deliveries")
    op.execute("DROP POLICY partner_writes ON outbound_endpoints")
    op.execute("DROP POLICY partner ON outbound_endpoints")
