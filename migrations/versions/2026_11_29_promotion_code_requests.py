"""Promotion codes that are made in Stripe for partners, by their owner's request or their own choice.

Revision: promotion_code_requests
Follows: imports
"""

from alembic import op

revision = "promotion_code_requests"
down_revision = "imports"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE promotion_code_requests (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        partner_id uuid NOT NULL,
        coupon text NOT NULL,
        code text,
        max_redemptions integer,
        expires_at timestamptz,
        is_own_choice boolean NOT NULL DEFAULT false,
        promotion_code text,
        problem jsonb,
        failed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        due_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        lease integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_promotion_code_requests PRIMARY KEY (id),
        CONSTRAINT fk_promotion_code_requests_organization_id FOREIGN KEY (organization_id)
            REFERENCES organizations (id),
        CONSTRAINT fk_promotion_code_requests_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT ck_promotion_code_requests_ended_once CHECK (promotion_code IS NULL OR failed_at IS NULL),
        CONSTRAINT ck_promotion_code_requests_max_redemptions CHECK (max_redemptions > 0)
    );
    CREATE INDEX ix_promotion_code_requests_partner_id ON promotion_code_requests (partner_id, livemode, id);
    CREATE INDEX ix_promotion_code_requests_due ON promotion_code_requests (due_at, id) WHERE due_at IS NOT NULL;
    CREATE UNIQUE INDEX uq_promotion_code_requests_own ON promotion_code_requests (partner_id, livemode)
        WHERE is_own_choice AND failed_at IS NULL;
"""

# A request only adds: the process that asks Stripe stores what became of it.
RIGHTS = """
    ALTER TABLE promotion_code_requests ENABLE ROW LEVEL SECURITY;
    GRANT SELECT, INSERT, UPDATE, DELETE ON promotion_code_requests TO accrual_worker;
    GRANT SELECT, INSERT ON promotion_code_requests TO accrual_request;
    CREATE POLICY worker ON promotion_code_requests TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON promotion_code_requests TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY mode ON promotion_code_requests AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    CREATE POLICY partner ON promotion_code_requests FOR SELECT TO accrual_request
        USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY partner_writes ON promotion_code_requests TO accrual_request
        USING (partner_id = (SELECT calling_partner()))
        WITH CHECK (partner_id = (SELECT calling_partner()) AND organization_id = (SELECT calling_partners_owner()))
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE promotion_code_requests")
