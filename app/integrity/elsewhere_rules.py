"""The rules of opening balances and cut-offs: what was earned elsewhere is in the ledger once.

Each rule has a query that returns a row for each breach: an opening balance or a commission.
"""

from typing import Final

ELSEWHERE_RULES: Final = {
    "What the ledger keeps of an opening balance equals the balance, with its time.": """
        SELECT coalesce(balance.id, posted.commission_id) AS opening
        FROM opening_balances AS balance
        FULL JOIN (SELECT * FROM posted_commissions WHERE level IS NULL) AS posted
          ON posted.commission_id = balance.id
        WHERE (posted.organization_id, posted.livemode, posted.program_id, posted.partner_id, posted.currency,
               posted.earned_at)
            IS DISTINCT FROM
              (balance.organization_id, balance.livemode, balance.program_id, balance.partner_id, balance.currency,
               balance.occurred_at)
    """,
    "An opening balance is posted by one entry, whole, and its sums are those of its postings.": """
        SELECT balance.id AS opening
        FROM opening_balances AS balance
        LEFT JOIN (
            SELECT posting.commission_id,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'partner_payable') AS payable,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'payout_clearing') AS clearing,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'partner_paid') AS paid,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'platform_fee') AS fee,
                   -sum(amount_minor) FILTER (WHERE account.kind = 'written_off') AS written_off,
                   sum(amount_minor) FILTER (WHERE account.kind = 'commission_expense') AS brought_in,
                   count(DISTINCT entry_id) FILTER (WHERE entry.kind = 'opening') AS openings
            FROM postings AS posting
            JOIN accounts AS account ON account.id = posting.account_id
            JOIN journal_entries AS entry ON entry.id = posting.entry_id
            GROUP BY posting.commission_id
        ) AS held ON held.commission_id = balance.id
        WHERE (balance.payable_minor, balance.clearing_minor, balance.paid_minor, balance.fee_minor,
               balance.written_off_minor, balance.amount_minor, 1)
            IS DISTINCT FROM
              (coalesce(payable, 0), coalesce(clearing, 0), coalesce(paid, 0), coalesce(fee, 0),
               coalesce(written_off, 0), coalesce(brought_in, 0), coalesce(openings, 0))
    """,
    "An opening balance's postings lie in its own partner's and program's accounts, in its currency and mode.": """
        SELECT DISTINCT balance.id AS opening
        FROM opening_balances AS balance
        JOIN postings AS posting ON posting.commission_id = balance.id
        JOIN accounts AS account ON account.id = posting.account_id
        WHERE account.program_id <> balance.program_id
           OR account.partner_id IS NOT NULL AND account.partner_id <> balance.partner_id
           OR (account.currency, account.livemode) <> (balance.currency, balance.livemode)
    """,
    "A payment made before its program's cut-off earns nothing, once a change of the cut-off was worked off.": """
        SELECT commission.id AS commission
        FROM commissions AS commission JOIN programs AS program ON program.id = commission.program_id
        WHERE commission.accrued_at < CASE WHEN commission.livemode THEN live_cutoff_at ELSE test_cutoff_at END
          AND accrued_minor + payable_minor + clearing_minor + paid_minor + fee_minor + written_off_minor <> 0
          AND NOT EXISTS (
            SELECT FROM cutoff_moves AS moved
            WHERE moved.program_id = program.id AND moved.livemode = commission.livemode
          )
    """,
}
