"""What was earned elsewhere: opening balances, the cut-off of a program per mode, and the histories of customers.

An opening balance is posted like a commission: its id stands where a commission's id stands, in `posted_commissions`
(without a level), in postings and in the lines of payouts.

Revision: opening_balances
Follows: memory
"""

from alembic import op

revision = "opening_balances"
down_revision = "memory"
branch_labels = None
depends_on = None

FORMER_ENTRIES = (
    "accrual adjustment approval hold payout payout_paid payout_failed payout_canceled payout_returned write_off"
)
FORMER_OUTCOMES = (
    "accrued adjusted no_change recorded bound unattributed outside_window self_referral partner_inactive "
    "program_inactive cap_reached zero_base currency_mismatch out_of_band waiting unknown_code kind_mismatch "
    "not_captured merged rejected held ignored_type wrong_mode unusable parked"
)
TABLES = ("opening_balances", "customer_histories", "cutoff_moves")

SCHEMA = """
    ALTER TABLE posted_commissions ALTER COLUMN level DROP NOT NULL;

    ALTER TABLE payout_lines DROP CONSTRAINT fk_payout_lines_commission_id,
        ADD CONSTRAINT fk_payout_lines_commission_id FOREIGN KEY (commission_id)
            REFERENCES posted_commissions (commission_id);

    ALTER TABLE programs ADD COLUMN live_cutoff_at timestamptz, ADD COLUMN test_cutoff_at timestamptz;

    -- What a partner had earned elsewhere and was not paid, or owes; with its position in the ledger.
    CREATE TABLE opening_balances (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        partner_organization_id uuid,
        program_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        currency char(3) NOT NULL,
        amount_minor bigint NOT NULL,
        source text NOT NULL,
        source_id text NOT NULL,
        occurred_at timestamptz NOT NULL,
        payable_minor bigint NOT NULL,
        clearing_minor bigint NOT NULL DEFAULT 0,
        paid_minor bigint NOT NULL DEFAULT 0,
        fee_minor bigint NOT NULL DEFAULT 0,
        written_off_minor bigint NOT NULL DEFAULT 0,
        paid_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_opening_balances PRIMARY KEY (id),
        CONSTRAINT uq_opening_balances_source UNIQUE (program_id, livemode, source, source_id),
        CONSTRAINT fk_opening_balances_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_opening_balances_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT ck_opening_balances_not_zero CHECK (amount_minor <> 0),
        CONSTRAINT ck_opening_balances_currency_lower CHECK (currency = lower(currency))
    );
    CREATE INDEX ix_opening_balances_payable ON opening_balances (program_id, livemode, partner_id, currency)
        WHERE payable_minor <> 0;
    CREATE INDEX ix_opening_balances_organization_id_livemode_id ON opening_balances (organization_id, livemode, id);
    CREATE INDEX ix_opening_balances_partner_id_livemode_id ON opening_balances (partner_id, livemode, id);

    -- A customer that a partner earned on elsewhere, named by its Stripe id or by the mark of its address.
    CREATE TABLE customer_histories (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        program_id uuid NOT NULL,
        stripe_customer_id text NOT NULL DEFAULT '',
        email_mark text NOT NULL DEFAULT '',
        email_encrypted text,
        first_paid_at timestamptz,
        cause text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        settled_at timestamptz,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT pk_customer_histories PRIMARY KEY (id),
        CONSTRAINT uq_customer_histories_customer UNIQUE (organization_id, livemode, stripe_customer_id, email_mark,
            program_id),
        CONSTRAINT fk_customer_histories_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT ck_customer_histories_named CHECK (stripe_customer_id <> '' OR email_mark <> '')
    );
    CREATE INDEX ix_customer_histories_email_mark ON customer_histories (organization_id, livemode, email_mark)
        WHERE email_mark <> '';
    CREATE INDEX ix_customer_histories_due ON customer_histories (organization_id, livemode, id)
        WHERE settled_at IS NULL;

    -- A cut-off that was moved, until the payments between the two times are settled again.
    CREATE TABLE cutoff_moves (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        program_id uuid NOT NULL,
        begins_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        cause text NOT NULL,
        after_payment_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT pk_cutoff_moves PRIMARY KEY (id),
        CONSTRAINT fk_cutoff_moves_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT ck_cutoff_moves_period CHECK (begins_at < ends_at)
    );
    CREATE INDEX ix_cutoff_moves_organization_id ON cutoff_moves (organization_id, livemode);
"""

# What an opening balance is, and whose, never changes; where it stands in the ledger does.
RIGHTS = """
    GRANT SELECT, INSERT ON opening_balances TO accrual_worker;
    GRANT SELECT, INSERT ON opening_balances TO accrual_request;
    GRANT UPDATE (payable_minor, clearing_minor, paid_minor, fee_minor, written_off_minor, paid_at)
        ON opening_balances TO accrual_worker, accrual_request;
    GRANT SELECT, INSERT, UPDATE, DELETE ON customer_histories, cutoff_moves TO accrual_worker;
    GRANT SELECT, INSERT, UPDATE ON customer_histories TO accrual_request;
    GRANT SELECT, INSERT ON cutoff_moves TO accrual_request;
    GRANT UPDATE (live_cutoff_at, test_cutoff_at) ON programs TO accrual_request;

    CREATE POLICY partner ON opening_balances FOR SELECT TO accrual_request
        USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
"""


def upgrade() -> None:
    _limit(f"{FORMER_ENTRIES} opening", f"{FORMER_OUTCOMES} before_cutoff")
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
    op.execute("DROP TABLE cutoff_moves, customer_histories, opening_balances")
    op.execute("ALTER TABLE programs DROP COLUMN live_cutoff_at, DROP COLUMN test_cutoff_at")
    op.execute("""
        ALTER TABLE payout_lines DROP CONSTRAINT fk_payout_lines_commission_id,
            ADD CONSTRAINT fk_payout_lines_commission_id FOREIGN KEY (commission_id) REFERENCES commissions (id)
    """)
    op.execute("ALTER TABLE posted_commissions ALTER COLUMN level SET NOT NULL")
    _limit(FORMER_ENTRIES, FORMER_OUTCOMES)


def _limit(kinds: str, outcomes: str) -> None:
    """Set which kinds of entries and which outcomes there are."""
    for table, column, words in (
        ("journal_entries", "kind", kinds),
        ("stripe_events", "outcome", outcomes),
        ("payments", "outcome", outcomes),
    ):
        constraint, quoted = f"ck_{table}_{column}", ", ".join(f"'{word}'" for word in words.split())
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {constraint}, "
            f"ADD CONSTRAINT {constraint} CHECK ({column} IN ({quoted}))"
        )
