"""The ledger and its laws, which hold for every role: entries balance, and none is ever changed.

Revision: ledger
Follows: commissions
"""

from alembic import op

revision = "ledger"
down_revision = "commissions"
branch_labels = None
depends_on = None

SCHEMA = """
    -- One account per mode, kind, program, partner (None for the program's own) and currency.
    CREATE TABLE accounts (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        partner_organization_id uuid,
        program_id uuid NOT NULL,
        partner_id uuid,
        kind text NOT NULL,
        currency char(3) NOT NULL,
        livemode boolean NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_accounts PRIMARY KEY (id),
        CONSTRAINT uq_accounts_identity UNIQUE NULLS NOT DISTINCT (organization_id, program_id, partner_id, kind,
            currency, livemode),
        CONSTRAINT uq_accounts_id_currency_livemode UNIQUE (id, currency, livemode),
        CONSTRAINT ck_accounts_kind CHECK (kind IN ('commission_expense', 'partner_accrued', 'partner_payable',
            'payout_clearing', 'partner_paid', 'platform_fee')),
        CONSTRAINT ck_accounts_owner CHECK ((partner_id IS NULL) = (kind IN ('commission_expense', 'platform_fee'))),
        CONSTRAINT ck_accounts_currency_lower CHECK (currency = lower(currency)),
        CONSTRAINT fk_accounts_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_accounts_partner_organization_id FOREIGN KEY (partner_organization_id)
            REFERENCES organizations (id),
        CONSTRAINT fk_accounts_program_id FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_accounts_partner_id FOREIGN KEY (partner_id) REFERENCES partners (id)
    );
    CREATE INDEX ix_accounts_partner_id ON accounts (partner_id);

    -- A balanced business fact, with everything needed to explain it without a replay.
    CREATE TABLE journal_entries (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        kind text NOT NULL,
        idempotency_key text NOT NULL,
        occurred_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        cause text NOT NULL,
        details jsonb NOT NULL,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT pk_journal_entries PRIMARY KEY (id),
        CONSTRAINT uq_journal_entries_idempotency_key_organization_id UNIQUE (idempotency_key, organization_id),
        CONSTRAINT ck_journal_entries_kind CHECK (kind IN ('accrual', 'adjustment', 'approval', 'hold', 'payout',
            'payout_failed', 'payout_paid', 'transfer_reversed'))
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);
    CREATE INDEX ix_journal_entries_organization_id_xid ON journal_entries (organization_id, xid);

    -- The columns of a commission that the sums need.
    CREATE TABLE posted_commissions (
        commission_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        level smallint NOT NULL,
        currency char(3) NOT NULL,
        livemode boolean NOT NULL,
        earned_at timestamptz NOT NULL,
        CONSTRAINT pk_posted_commissions PRIMARY KEY (commission_id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);

    -- One signed line of an entry: debit positive, credit negative, in minor units.
    CREATE TABLE postings (
        entry_id uuid NOT NULL,
        line smallint NOT NULL,
        organization_id uuid NOT NULL,
        account_id uuid NOT NULL,
        commission_id uuid,
        amount_minor bigint NOT NULL,
        currency char(3) NOT NULL,
        livemode boolean NOT NULL,
        CONSTRAINT pk_postings PRIMARY KEY (entry_id, line),
        CONSTRAINT ck_postings_not_zero CHECK (amount_minor <> 0),
        CONSTRAINT fk_postings_account_id_currency_livemode FOREIGN KEY (account_id, currency, livemode)
            REFERENCES accounts (id, currency, livemode),
        CONSTRAINT fk_postings_entry_id FOREIGN KEY (entry_id) REFERENCES journal_entries (id),
        CONSTRAINT fk_postings_commission_id FOREIGN KEY (commission_id) REFERENCES posted_commissions (commission_id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);
    CREATE INDEX ix_postings_commission_id ON postings (commission_id);

    -- Corrected by addition, never by edit.
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% of % is refused: the ledger is corrected by addition, never by edit', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON journal_entries
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON postings
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON posted_commissions
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    -- Each entry balances for every commission, in one currency and one mode, and is complete when its transaction
    -- ends.
    CREATE FUNCTION require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        broken record;
    BEGIN
        SELECT entry_id INTO broken FROM inserted
        GROUP BY entry_id, commission_id HAVING sum(amount_minor) <> 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % is unbalanced', broken.entry_id USING ERRCODE = 'check_violation';
        END IF;

        -- Entry by entry: as a join with LIMIT, the planner would read the whole table in order until one is found.
        SELECT touched.entry_id INTO broken FROM (SELECT DISTINCT entry_id FROM inserted) AS touched
        CROSS JOIN LATERAL (
            SELECT min(currency) AS lowest, max(currency) AS highest FROM postings WHERE entry_id = touched.entry_id
        ) AS of_entry
        WHERE lowest <> highest LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % mixes currencies', broken.entry_id USING ERRCODE = 'check_violation';
        END IF;

        SELECT entry.id AS entry_id, entry.xid <> pg_current_xact_id() AS is_closed INTO broken
        FROM (SELECT DISTINCT entry_id, livemode FROM inserted) AS touched
        CROSS JOIN LATERAL (
            SELECT id, xid, livemode FROM journal_entries WHERE id = touched.entry_id OFFSET 0
        ) AS entry
        WHERE entry.xid <> pg_current_xact_id() OR entry.livemode <> touched.livemode LIMIT 1;
        IF FOUND AND broken.is_closed THEN
            RAISE EXCEPTION 'entry % is closed: its transaction has ended', broken.entry_id
                USING ERRCODE = 'restrict_violation';
        ELSIF FOUND THEN
            RAISE EXCEPTION 'entry % mixes live and test money', broken.entry_id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$;

    CREATE TRIGGER require_balance AFTER INSERT ON postings
        REFERENCING NEW TABLE AS inserted
        FOR EACH STATEMENT EXECUTE FUNCTION require_balance();

    -- The sums of the postings below a program's checkpoint, by partner and over all, by days and over all days.
    CREATE TABLE commission_sums (
        program_id uuid NOT NULL,
        livemode boolean NOT NULL,
        partner_id uuid NOT NULL,
        days smallint NOT NULL,
        day date NOT NULL,
        currency char(3) NOT NULL,
        organization_id uuid NOT NULL,
        accrued_minor bigint NOT NULL,
        payable_minor bigint NOT NULL,
        clearing_minor bigint NOT NULL,
        paid_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        commission_count bigint NOT NULL,
        conversion_count bigint NOT NULL,
        CONSTRAINT pk_commission_sums PRIMARY KEY (program_id, livemode, partner_id, days, day, currency)
    );
    CREATE INDEX ix_commission_sums_by_day ON commission_sums (program_id, livemode, days, day)
        WHERE partner_id <> '00000000-0000-0000-0000-000000000000';

    -- The checkpoint of a program's sums.
    CREATE TABLE sums_checkpoints (
        program_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        below xid8 NOT NULL,
        time_zone text NOT NULL,
        CONSTRAINT pk_sums_checkpoints PRIMARY KEY (program_id)
    );
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("""
        DROP TABLE sums_checkpoints, commission_sums, postings, posted_commissions, journal_entries, accounts
    """)
    op.execute("DROP FUNCTION refuse_change, require_balance")
