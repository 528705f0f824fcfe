"""Monthly statements: closed once, chained by hashes, and never changed.

Revision: statements
Follows: outbound_failing
"""

from alembic import op

revision = "statements"
down_revision = "outbound_failing"
branch_labels = None
depends_on = None

SCHEMA = """
    -- A closed month of a program. The next one begins where it ends, whatever the time zone is by then.
    CREATE TABLE statement_periods (
        program_id uuid NOT NULL,
        month date NOT NULL,
        organization_id uuid NOT NULL,
        time_zone text NOT NULL,
        begins_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        closed_at timestamptz NOT NULL,
        CONSTRAINT pk_statement_periods PRIMARY KEY (program_id, month),
        CONSTRAINT ck_statement_periods_order CHECK (begins_at < ends_at AND ends_at <= closed_at)
    );

    -- A partner's month in one currency and mode.
    CREATE TABLE statements (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        livemode boolean NOT NULL,
        currency char(3) NOT NULL,
        number integer NOT NULL,
        month date NOT NULL,
        time_zone text NOT NULL,
        begins_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        closed_at timestamptz NOT NULL,
        opening_accrued_minor bigint NOT NULL,
        opening_payable_minor bigint NOT NULL,
        opening_clearing_minor bigint NOT NULL,
        closing_accrued_minor bigint NOT NULL,
        closing_payable_minor bigint NOT NULL,
        closing_clearing_minor bigint NOT NULL,
        earned_minor bigint NOT NULL,
        paid_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        written_off_minor bigint NOT NULL,
        entry_count integer NOT NULL,
        unprocessed_events integer NOT NULL,
        previous_hash text,
        hash text NOT NULL,
        CONSTRAINT pk_statements PRIMARY KEY (id),
        CONSTRAINT uq_statements_chain UNIQUE (partner_id, livemode, currency, number),
        CONSTRAINT fk_statements_program_id_month FOREIGN KEY (program_id, month)
            REFERENCES statement_periods (program_id, month),
        CONSTRAINT ck_statements_first CHECK ((number = 1) = (previous_hash IS NULL)),
        CONSTRAINT ck_statements_sum CHECK (
            opening_accrued_minor + opening_payable_minor + opening_clearing_minor + earned_minor
            = closing_accrued_minor + closing_payable_minor + closing_clearing_minor
            + paid_minor + fee_minor + written_off_minor)
    );
    CREATE INDEX ix_statements_program_id_month ON statements (program_id, month);

    CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON statement_periods
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON statements
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    ALTER TABLE statement_periods ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON statement_periods TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON statement_periods TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    ALTER TABLE statements ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON statements TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON statements TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY partner ON statements FOR SELECT TO accrual_request
        USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
    CREATE POLICY mode ON statements AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    GRANT SELECT, INSERT ON statement_periods, statements TO accrual_worker;
    GRANT SELECT ON statement_periods, statements TO accrual_request;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE statements, statement_periods")
