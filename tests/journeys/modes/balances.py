"""The balances of all accounts, by mode."""

from sqlalchemy import text

from app import db


def balances_of_accounts() -> dict[tuple[bool, str], int]:
    """Credits of every account as they sum up, by mode and kind."""
    query = text("""
        SELECT account.livemode, account.kind, -sum(posting.amount_minor)::bigint
        FROM accounts AS account JOIN postings AS posting ON posting.account_id = account.id
        GROUP BY account.id HAVING sum(posting.amount_minor) <> 0
    """)
    with db.transaction() as session:
        return {(livemode, kind): int(minor) for livemode, kind, minor in session.execute(query)}
