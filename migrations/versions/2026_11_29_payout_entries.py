"""The ledger posts payouts and write-offs: kinds of entries, the account `written_off`, and entries of many lines.

Revision: payout_entries
Follows: recorded_at
"""

from alembic import op

revision = "payout_entries"
down_revision = "recorded_at"
branch_labels = None
depends_on = None

FORMER_ACCOUNTS = "commission_expense partner_accrued partner_payable payout_clearing partner_paid platform_fee"
FORMER_ENTRIES = "accrual adjustment approval hold payout payout_failed payout_paid transfer_reversed"
ENTRIES = "accrual adjustment approval hold payout payout_paid payout_failed payout_canceled payout_returned write_off"


def upgrade() -> None:
    _limit(f"{FORMER_ACCOUNTS} written_off", "commission_expense platform_fee written_off", ENTRIES)
    op.execute("ALTER TABLE commissions ADD COLUMN written_off_minor bigint NOT NULL DEFAULT 0")
    # A payout's entry has lines for each of its commissions, so there may be more of them than a smallint counts.
    op.execute("ALTER TABLE postings ALTER COLUMN line TYPE integer")


def downgrade() -> None:
    op.execute("ALTER TABLE postings ALTER COLUMN line TYPE smallint")
    op.execute("ALTER TABLE commissions DROP COLUMN written_off_minor")
    _limit(FORMER_ACCOUNTS, "commission_expense platform_fee", FORMER_ENTRIES)


def _limit(accounts: str, of_programs: str, entries: str) -> None:
    """Set which kinds of accounts and entries there are, and which accounts belong to a program."""
    for table, name, condition in (
        ("accounts", "kind", f"kind IN ({_quoted(accounts)})"),
        ("accounts", "owner", f"(partner_id IS NULL) = (kind IN ({_quoted(of_programs)}))"),
        ("journal_entries", "kind", f"kind IN ({_quoted(entries)})"),
    ):
        constraint = f"ck_{table}_{name}"
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}, ADD CONSTRAINT {constraint} CHECK ({condition})")


def _quoted(kinds: str) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds.split())
