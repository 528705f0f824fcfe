"""The rules of referrals among app users: balances are what was granted, and uses are what was claimed."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids

BALANCES: Final = "An app user's balance is the sum of its transactions."
USES: Final = "A referral code has as many uses as claims."

_BALANCES = text("""
    SELECT balance.id
    FROM currency_balances AS balance
    FULL JOIN (
        SELECT organization_id, livemode, app_user_id, currency, sum(amount) AS granted
        FROM currency_transactions GROUP BY organization_id, livemode, app_user_id, currency
    ) AS sums
      ON (sums.organization_id, sums.livemode, sums.app_user_id, sums.currency)
       = (balance.organization_id, balance.livemode, balance.app_user_id, balance.currency)
    WHERE balance.balance IS DISTINCT FROM coalesce(granted, 0)
""")

_USES = text("""
    SELECT code.id
    FROM referral_codes AS code
    LEFT JOIN (SELECT referral_code_id, count(*) AS claims FROM referral_claims GROUP BY referral_code_id) AS claimed
      ON claimed.referral_code_id = code.id
    WHERE code.current_uses <> coalesce(claims, 0)
""")


def breaches(session: Session) -> Iterator[tuple[str, str]]:
    """Each broken rule, with the balance or the code that breaks it."""
    for balance_id in session.scalars(_BALANCES):
        yield BALANCES, ids.encode(ids.CURRENCY_BALANCE, balance_id) if balance_id else "a balance is missing"
    for code_id in session.scalars(_USES):
        yield USES, ids.encode(ids.REFERRAL_CODE, code_id)
