"""Referrals of app users: client keys, codes, claims, currencies, balances and transactions.

Revision: referrals
Follows: erasure
"""

from alembic import op

revision = "referrals"
down_revision = "erasure"
branch_labels = None
depends_on = None

TABLES = (
    "client_keys",
    "referral_codes",
    "referral_claims",
    "referral_currencies",
    "currency_balances",
    "currency_transactions",
)

SCHEMA = """
    CREATE TABLE client_keys (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        name text NOT NULL,
        client_key text NOT NULL,
        secret_encrypted text,
        claims text NOT NULL DEFAULT 'per_code',
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT pk_client_keys PRIMARY KEY (id),
        CONSTRAINT uq_client_keys_client_key UNIQUE (client_key),
        CONSTRAINT fk_client_keys_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT ck_client_keys_claims CHECK (claims IN ('per_code', 'once'))
    );
    CREATE INDEX ix_client_keys_organization_id ON client_keys (organization_id, livemode, id);

    CREATE TABLE referral_codes (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        app_user_id text,
        code text,
        reward_referrer jsonb NOT NULL DEFAULT '{}',
        reward_referee jsonb NOT NULL DEFAULT '{}',
        current_uses integer NOT NULL DEFAULT 0,
        max_uses integer,
        is_active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_referral_codes PRIMARY KEY (id),
        CONSTRAINT uq_referral_codes_organization_id_livemode_code UNIQUE (organization_id, livemode, code),
        CONSTRAINT uq_referral_codes_organization_id_livemode_app_user_id
            UNIQUE (organization_id, livemode, app_user_id),
        CONSTRAINT fk_referral_codes_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT ck_referral_codes_template CHECK ((app_user_id IS NULL) = (code IS NULL)),
        CONSTRAINT ck_referral_codes_max_uses CHECK (max_uses > 0),
        CONSTRAINT ck_referral_codes_current_uses CHECK (current_uses >= 0)
    );
    CREATE INDEX ix_referral_codes_organization_id ON referral_codes (organization_id, livemode, id);
    CREATE INDEX ix_referral_codes_templates ON referral_codes (organization_id, livemode, id)
        WHERE app_user_id IS NULL;

    CREATE TABLE referral_claims (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        referral_code_id uuid NOT NULL,
        referrer_id text NOT NULL,
        referee_id text NOT NULL,
        claimed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_referral_claims PRIMARY KEY (id),
        CONSTRAINT uq_referral_claims_referral_code_id_referee_id UNIQUE (referral_code_id, referee_id),
        CONSTRAINT fk_referral_claims_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_referral_claims_referral_code_id FOREIGN KEY (referral_code_id) REFERENCES referral_codes (id),
        CONSTRAINT ck_referral_claims_self_referral CHECK (referrer_id <> referee_id)
    );
    CREATE INDEX ix_referral_claims_organization_id ON referral_claims (organization_id, livemode, id);
    CREATE INDEX ix_referral_claims_referral_code_id ON referral_claims (referral_code_id, id);
    CREATE INDEX ix_referral_claims_referrer_id ON referral_claims (organization_id, livemode, referrer_id, id);
    CREATE INDEX ix_referral_claims_referee_id ON referral_claims (organization_id, livemode, referee_id, id);

    CREATE TABLE referral_currencies (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        code text NOT NULL,
        max_balance bigint,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_referral_currencies PRIMARY KEY (id),
        CONSTRAINT uq_referral_currencies_organization_id_livemode_code UNIQUE (organization_id, livemode, code),
        CONSTRAINT fk_referral_currencies_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT ck_referral_currencies_max_balance CHECK (max_balance >= 0)
    );

    CREATE TABLE currency_balances (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        app_user_id text NOT NULL,
        currency text NOT NULL,
        balance bigint NOT NULL DEFAULT 0,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_currency_balances PRIMARY KEY (id),
        CONSTRAINT uq_currency_balances_app_user_id
            UNIQUE (organization_id, livemode, app_user_id, currency),
        CONSTRAINT fk_currency_balances_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT ck_currency_balances_balance CHECK (balance >= 0)
    );
    CREATE INDEX ix_currency_balances_organization_id ON currency_balances (organization_id, livemode, id);
    CREATE INDEX ix_currency_balances_currency ON currency_balances (organization_id, livemode, currency, id);

    CREATE TABLE currency_transactions (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        app_user_id text NOT NULL,
        currency text NOT NULL,
        amount bigint NOT NULL,
        reward bigint NOT NULL,
        balance_after bigint NOT NULL,
        source text NOT NULL DEFAULT 'referral',
        claim_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_currency_transactions PRIMARY KEY (id),
        CONSTRAINT fk_currency_transactions_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_currency_transactions_claim_id FOREIGN KEY (claim_id) REFERENCES referral_claims (id),
        CONSTRAINT ck_currency_transactions_amount CHECK (amount BETWEEN 0 AND reward),
        CONSTRAINT ck_currency_transactions_source CHECK (source = 'referral')
    );
    CREATE INDEX ix_currency_transactions_organization_id ON currency_transactions (organization_id, livemode, id);
    CREATE INDEX ix_currency_transactions_app_user_id
        ON currency_transactions (organization_id, livemode, app_user_id, id);
    CREATE INDEX ix_currency_transactions_claim_id ON currency_transactions (claim_id, id);
"""

# A claim and its rewards are never changed. Before an app user is known, only the key it names is looked up.
RIGHTS = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON client_keys, referral_codes, referral_currencies, currency_balances TO
        accrual_worker;
    GRANT SELECT, INSERT ON referral_claims, currency_transactions TO accrual_worker;
    GRANT SELECT, INSERT ON client_keys, referral_codes, referral_claims, referral_currencies, currency_balances,
        currency_transactions TO accrual_request;
    GRANT UPDATE (name, claims, secret_encrypted, revoked_at) ON client_keys TO accrual_request;
    GRANT UPDATE (reward_referrer, reward_referee, current_uses, max_uses, is_active) ON referral_codes TO
        accrual_request;
    GRANT UPDATE (max_balance) ON referral_currencies TO accrual_request;
    GRANT UPDATE (balance, updated_at) ON currency_balances TO accrual_request;
    GRANT SELECT (id, organization_id, livemode, client_key, secret_encrypted, claims, last_used_at, revoked_at) ON
        client_keys TO accrual_entry;
    GRANT UPDATE (last_used_at) ON client_keys TO accrual_entry;
    CREATE POLICY entry_all ON client_keys TO accrual_entry USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true)")
        op.execute(
            f"CREATE POLICY request ON {table} TO accrual_request "
            "USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))"
        )
        op.execute(
            f"CREATE POLICY mode ON {table} AS RESTRICTIVE TO accrual_request "
            "USING (livemode = (SELECT visible_livemode()))"
        )
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE currency_transactions, currency_balances, referral_currencies")
    op.execute("DROP TABLE referral_claims, referral_codes, client_keys")
