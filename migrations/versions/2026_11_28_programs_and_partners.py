"""Programs with their versioned terms; partners with their codes, snapshots, invitations and promotions.

Revision: programs_and_partners
Follows: organizations
"""

from alembic import op

revision = "programs_and_partners"
down_revision = "organizations"
branch_labels = None
depends_on = None

SCHEMA = """
    -- A merchant's offer. Its commission rules are in its newest `Terms`.
    CREATE TABLE programs (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        name text NOT NULL,
        status text NOT NULL DEFAULT 'draft',
        currency char(3) NOT NULL,
        landing_url text,
        landing_hosts text[] NOT NULL DEFAULT '{}',
        is_default boolean NOT NULL DEFAULT false,
        conversion_kind text NOT NULL DEFAULT 'payment',
        conversion_event_name text,
        conversion_entitlement_id text,
        attribution_model text NOT NULL DEFAULT 'last_touch',
        attribution_window_days integer NOT NULL DEFAULT '30',
        allow_self_referral boolean NOT NULL DEFAULT false,
        include_out_of_band boolean NOT NULL DEFAULT false,
        multi_level_enabled boolean NOT NULL DEFAULT false,
        platform_fee_bps integer NOT NULL DEFAULT 0,
        minimum_payouts jsonb NOT NULL DEFAULT '{}',
        auto_approve boolean NOT NULL DEFAULT false,
        open_signup boolean NOT NULL DEFAULT false,
        time_zone text NOT NULL DEFAULT 'UTC',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_programs PRIMARY KEY (id),
        CONSTRAINT ck_programs_status CHECK (status IN ('draft', 'active', 'paused', 'archived')),
        CONSTRAINT ck_programs_conversion_kind CHECK (conversion_kind IN ('payment', 'event', 'entitlement')),
        CONSTRAINT ck_programs_attribution_model CHECK (attribution_model IN ('first_touch', 'last_touch')),
        CONSTRAINT ck_programs_attribution_window_days CHECK (attribution_window_days > 0),
        CONSTRAINT ck_programs_platform_fee_bps CHECK (platform_fee_bps BETWEEN 0 AND 10000),
        CONSTRAINT ck_programs_currency CHECK (currency ~ '^[a-z]{3}$'),
        CONSTRAINT ck_programs_conversion_signal CHECK (conversion_kind = 'payment' OR conversion_kind = 'event' AND
            conversion_event_name IS NOT NULL OR conversion_kind = 'entitlement' AND conversion_entitlement_id IS NOT
            NULL),
        CONSTRAINT fk_programs_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE INDEX ix_programs_organization_id ON programs (organization_id);
    CREATE UNIQUE INDEX uq_programs_one_default ON programs (organization_id) WHERE is_default;

    CREATE TRIGGER require_merchant BEFORE INSERT OR UPDATE OF organization_id ON programs
        FOR EACH ROW EXECUTE FUNCTION require_merchant();

    -- A version of a program's rules. Never edited: a change appends a version.
    CREATE TABLE terms (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid NOT NULL,
        version integer NOT NULL,
        commission jsonb NOT NULL,
        multi_level jsonb NOT NULL DEFAULT '[]',
        holdback_days integer,
        commission_base text NOT NULL DEFAULT 'net',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_terms PRIMARY KEY (id),
        CONSTRAINT uq_terms_program_id_version UNIQUE (program_id, version),
        CONSTRAINT ck_terms_commission_base CHECK (commission_base IN ('net', 'gross')),
        CONSTRAINT ck_terms_holdback_days CHECK (holdback_days >= 0),
        CONSTRAINT fk_terms_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_terms_program_id FOREIGN KEY (program_id) REFERENCES programs (id)
    );

    -- One affiliate's enrollment in one program; who earns. `slug` is its current code.
    CREATE TABLE partners (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_organization_id uuid,
        program_id uuid NOT NULL,
        parent_id uuid,
        email text NOT NULL,
        email_state text NOT NULL DEFAULT 'given',
        first_name text,
        last_name text,
        slug text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        status_changed_at timestamptz NOT NULL DEFAULT now(),
        payout_method text,
        payout_email text,
        stripe_account_id text,
        metadata jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        activated_at timestamptz,
        CONSTRAINT pk_partners PRIMARY KEY (id),
        CONSTRAINT ck_partners_email_state CHECK (email_state IN ('given', 'unconfirmed', 'confirmed', 'approved')),
        CONSTRAINT uq_partners_organization_id_slug UNIQUE (organization_id, slug),
        CONSTRAINT uq_partners_program_id_partner_organization_id UNIQUE (program_id, partner_organization_id),
        CONSTRAINT ck_partners_status CHECK (status IN ('pending', 'active', 'paused', 'banned', 'deactivated')),
        CONSTRAINT ck_partners_email_lower CHECK (email = lower(email)),
        CONSTRAINT ck_partners_slug_lower CHECK (slug = lower(slug)),
        CONSTRAINT ck_partners_payout_method CHECK (payout_method IN ('paypal', 'stripe', 'bank_transfer', 'crypto')),
        CONSTRAINT fk_partners_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_partners_partner_organization_id FOREIGN KEY (partner_organization_id)
            REFERENCES organizations (id),
        CONSTRAINT fk_partners_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_partners_parent_id FOREIGN KEY (parent_id) REFERENCES partners (id)
    );
    CREATE INDEX ix_partners_email ON partners (program_id, email);
    CREATE INDEX ix_partners_parent_id ON partners (parent_id);
    CREATE INDEX ix_partners_partner_organization_id ON partners (partner_organization_id);
    CREATE INDEX ix_partners_program_id_id ON partners (program_id, id);
    CREATE UNIQUE INDEX uq_partners_program_id_email ON partners (program_id, email) WHERE email_state <> 'unconfirmed';

    -- A partner's uplines are of its program, and it is none of its own.
    CREATE FUNCTION keep_partner_tree() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('partner_tree ' || NEW.program_id, 0));
        IF NOT EXISTS (SELECT FROM partners WHERE id = NEW.parent_id AND program_id = NEW.program_id) THEN
            RAISE EXCEPTION 'the parent of partner % is of another program', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_partners_parent_of_program';
        END IF;
        IF EXISTS (
            WITH RECURSIVE above AS (
                SELECT partners.id, partners.parent_id FROM partners WHERE id = NEW.parent_id
                UNION
                SELECT partners.id, partners.parent_id FROM above JOIN partners ON partners.id = above.parent_id
            )
            SELECT FROM above WHERE id = NEW.id
        ) THEN
            RAISE EXCEPTION 'partner % would be its own upline', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_partners_parent_cycle';
        END IF;
        RETURN NULL;
    END $$;

    CREATE TRIGGER keep_partner_tree AFTER INSERT OR UPDATE OF parent_id, program_id ON partners
        FOR EACH ROW
        WHEN (NEW.parent_id IS NOT NULL)
        EXECUTE FUNCTION keep_partner_tree();

    -- A code in a link. It belongs to its partner permanently; renaming a partner adds another code.
    CREATE TABLE partner_codes (
        organization_id uuid NOT NULL,
        code text NOT NULL,
        partner_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_partner_codes PRIMARY KEY (organization_id, code),
        CONSTRAINT ck_partner_codes_code_lower CHECK (code = lower(code)),
        CONSTRAINT fk_partner_codes_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_partner_codes_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id)
    );
    CREATE INDEX ix_partner_codes_code ON partner_codes (code);
    CREATE INDEX ix_partner_codes_partner_id ON partner_codes (partner_id);

    -- Terms stamped onto a partner; its commissions are computed from these, not from the program's present terms.
    CREATE TABLE snapshots (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_organization_id uuid,
        partner_id uuid NOT NULL,
        terms_id uuid NOT NULL,
        commission jsonb NOT NULL,
        holdback_days integer,
        is_override boolean NOT NULL DEFAULT false,
        source text NOT NULL,
        applies_to text NOT NULL DEFAULT 'all_customers',
        effective_from timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_snapshots PRIMARY KEY (id),
        CONSTRAINT ck_snapshots_source CHECK (source IN ('invite', 'approval', 'amendment')),
        CONSTRAINT ck_snapshots_applies_to CHECK (applies_to IN ('new_customers', 'all_customers')),
        CONSTRAINT ck_snapshots_holdback_days CHECK (holdback_days >= 0),
        CONSTRAINT fk_snapshots_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_snapshots_partner_organization_id FOREIGN KEY (partner_organization_id)
            REFERENCES organizations (id),
        CONSTRAINT fk_snapshots_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_snapshots_terms_id FOREIGN KEY (terms_id) REFERENCES terms (id)
    );
    CREATE INDEX ix_snapshots_limited ON snapshots (organization_id)
        WHERE commission ? 'max_cycles' OR commission ? 'max_months' OR commission ->> 'type' = 'flat';
    CREATE INDEX ix_snapshots_partner_id_effective_from ON snapshots (partner_id, effective_from);

    -- A single-use link by which a partner gets an organization of its own. The token itself is never stored.
    CREATE TABLE invitations (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        token_hash text NOT NULL,
        expires_at timestamptz NOT NULL,
        accepted_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_invitations PRIMARY KEY (id),
        CONSTRAINT fk_invitations_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_invitations_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT uq_invitations_token_hash UNIQUE (token_hash)
    );
    CREATE INDEX ix_invitations_partner_id ON invitations (partner_id);

    -- A single-use link by which a partner confirms its address. The token itself is never stored.
    CREATE TABLE email_confirmations (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        token_hash text NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_email_confirmations PRIMARY KEY (id),
        CONSTRAINT fk_email_confirmations_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_email_confirmations_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT uq_email_confirmations_token_hash UNIQUE (token_hash)
    );
    CREATE INDEX ix_email_confirmations_partner_id ON email_confirmations (partner_id);

    -- A mail to send to a partner. Address and text are not stored; both are made when it is sent.
    CREATE TABLE partner_mails (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        kind text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        problem text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_partner_mails PRIMARY KEY (id),
        CONSTRAINT ck_partner_mails_kind CHECK (kind IN ('already_enrolled', 'confirm_address')),
        CONSTRAINT fk_partner_mails_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_partner_mails_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id)
    );
    CREATE INDEX ix_partner_mails_due ON partner_mails (next_attempt_at) WHERE ended_at IS NULL;
    CREATE INDEX ix_partner_mails_partner_id ON partner_mails (partner_id, created_at);

    -- A Stripe promotion code or coupon that belongs to a partner, in every account of the merchant and one mode.
    CREATE TABLE partner_promotions (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        partner_id uuid NOT NULL,
        promotion text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        removed_at timestamptz,
        CONSTRAINT pk_partner_promotions PRIMARY KEY (id),
        CONSTRAINT ck_partner_promotions_promotion CHECK (promotion ~ '^(promotion_code|coupon|code):.'),
        CONSTRAINT fk_partner_promotions_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_partner_promotions_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id)
    );
    CREATE INDEX ix_partner_promotions_partner_id ON partner_promotions (partner_id);
    CREATE INDEX ix_partner_promotions_promotion ON partner_promotions (promotion, organization_id, livemode);
    CREATE UNIQUE INDEX uq_partner_promotions_given ON partner_promotions (promotion, organization_id, livemode)
        WHERE removed_at IS NULL;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("""
        DROP TABLE partner_promotions, partner_mails, email_confirmations, invitations, snapshots, partner_codes,
            partners, terms, programs
    """)
    op.execute("DROP FUNCTION keep_partner_tree")
