"""People's words leave journal entries: they are in a table of their own, where they can be erased.

Revision: entry_reasons
Follows: coupon_precedence
"""

from alembic import op

revision = "entry_reasons"
down_revision = "coupon_precedence"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE entry_reasons (
        entry_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        livemode boolean NOT NULL,
        reason text NOT NULL,
        CONSTRAINT pk_entry_reasons PRIMARY KEY (entry_id),
        CONSTRAINT fk_entry_reasons_entry_id FOREIGN KEY (entry_id) REFERENCES journal_entries (id)
    );
    ALTER TABLE entry_reasons ENABLE ROW LEVEL SECURITY;
    CREATE POLICY worker ON entry_reasons TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON entry_reasons TO accrual_request
        USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
    CREATE POLICY mode ON entry_reasons AS RESTRICTIVE TO accrual_request
        USING (livemode = (SELECT visible_livemode()));
    GRANT SELECT, INSERT, UPDATE (reason) ON entry_reasons TO accrual_worker;
    GRANT SELECT, INSERT ON entry_reasons TO accrual_request
"""

# The only change of entries there ever is: what was said moves, what was posted stays.
MOVE = """
    INSERT INTO entry_reasons (entry_id, organization_id, livemode, reason)
    SELECT id, organization_id, livemode, details ->> 'because' FROM journal_entries WHERE details ? 'because';
    ALTER TABLE journal_entries DISABLE TRIGGER refuse_change;
    UPDATE journal_entries SET details = details - 'because' WHERE details ? 'because';
    UPDATE journal_entries SET details = details #- '{calculation,stopped_by,reason}'
    WHERE details #> '{calculation,stopped_by}' ? 'reason';
    ALTER TABLE journal_entries ENABLE TRIGGER refuse_change;
    UPDATE commissions SET calculation = calculation #- '{stopped_by,reason}'
    WHERE calculation -> 'stopped_by' ? 'reason'
"""

MOVE_BACK = """
    ALTER TABLE journal_entries DISABLE TRIGGER refuse_change;
    UPDATE journal_entries SET details = details || jsonb_build_object('because', entry_reasons.reason)
    FROM entry_reasons WHERE entry_reasons.entry_id = journal_entries.id;
    ALTER TABLE journal_entries ENABLE TRIGGER refuse_change
"""


RIGHTS = """
    GRANT UPDATE (source_id) ON opening_balances TO accrual_worker;
    GRANT UPDATE (referrer_id, referee_id) ON referral_claims TO accrual_worker;
    GRANT UPDATE (app_user_id) ON currency_transactions TO accrual_worker
"""
NO_RIGHTS = """
    REVOKE UPDATE (source_id) ON opening_balances FROM accrual_worker;
    REVOKE UPDATE (referrer_id, referee_id) ON referral_claims FROM accrual_worker;
    REVOKE UPDATE (app_user_id) ON currency_transactions FROM accrual_worker
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    op.execute(RIGHTS)
    op.execute(MOVE)


def downgrade() -> None:
    op.execute(NO_RIGHTS)
    op.execute(MOVE_BACK)
    op.execute("DROP TABLE entry_reasons")
