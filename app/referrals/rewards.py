"""Rewards of a claim: grants them to both app users, each with a transaction; lists balances and transactions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.immutable import immutable
from app.organizations.actors import AppUser
from app.paging import Page, load_page, owned_by
from app.referrals import currencies
from app.referrals.models import CurrencyTransaction, ReferralBalance, ReferralClaim, ReferralCode, ReferralCurrency


class _Reward(NamedTuple):
    """An amount of a currency for an app user. They sort in the order in which balances are inserted."""

    app_user_id: str
    currency: str
    amount: int


@immutable
class RewardFilter:
    """A filter of balances or transactions: they must meet every given condition."""

    app_user_id: str | None = None
    currency: str | None = None


def clamp(reward: int, balance: int, max_balance: int | None) -> int:
    """How much of a reward a balance takes: nothing if it has `max_balance` or more already.

    Example: a reward of 50 for a balance of 80 with a `max_balance` of 100 is 20.
    """
    return reward if max_balance is None else max(0, min(reward, max_balance - balance))


def grant(session: Session, claim: ReferralClaim, code: ReferralCode) -> None:
    """Add both rewards of a code to the balances of its user and of the one who claimed it.

    Each gets a transaction with what was added and what the code grants, also where a `max_balance` left nothing.

    Effects: locks the balances until the end of the transaction.
    """
    rewards = [_Reward(claim.referrer_id, currency, amount) for currency, amount in code.reward_referrer.items()]
    rewards += [_Reward(claim.referee_id, currency, amount) for currency, amount in code.reward_referee.items()]
    if not rewards:
        return
    codes = {reward.currency for reward in rewards}
    limits = currencies.limits(session, claim.organization_id, codes, livemode=claim.livemode)
    balances = _lock(session, claim, sorted(rewards))
    for reward in rewards:
        balance = balances[reward.app_user_id, reward.currency]
        amount = clamp(reward.amount, balance.balance, limits[reward.currency])
        balance.balance, balance.updated_at = balance.balance + amount, datetime.now(UTC)
        session.add(_transaction(claim, reward, amount, balance.balance))
    session.flush()


def load_balances(session: Session, app_user: AppUser) -> Sequence[tuple[ReferralBalance, int | None]]:
    """What the app user has of each currency it ever got, by code; with each currency's `max_balance`."""
    mine = (
        select(ReferralBalance, ReferralCurrency.max_balance)
        .join(
            ReferralCurrency,
            (ReferralCurrency.organization_id == ReferralBalance.organization_id)
            & (ReferralCurrency.livemode == ReferralBalance.livemode)
            & (ReferralCurrency.code == ReferralBalance.currency),
        )
        .where(
            ReferralBalance.organization_id == app_user.organization_id,
            ReferralBalance.livemode == app_user.livemode,
            ReferralBalance.app_user_id == app_user.app_user_id,
        )
    )
    return [(row[0], row[1]) for row in session.execute(mine.order_by(ReferralBalance.currency))]


def list_balances(
    session: Session,
    organization_ids: Sequence[UUID],
    filters: RewardFilter,
    *,
    limit: int,
    starting_after: str | None = None,
) -> Page[ReferralBalance]:
    """A page of the balances of these organizations' app users, newest first. Raises InvalidRequest."""
    matching = select(ReferralBalance).where(owned_by(ReferralBalance.organization_id, organization_ids))
    if filters.app_user_id is not None:
        matching = matching.where(ReferralBalance.app_user_id == filters.app_user_id)
    if filters.currency is not None:
        matching = matching.where(ReferralBalance.currency == filters.currency)
    prefix = ids.CURRENCY_BALANCE
    return load_page(session, matching, ReferralBalance.id, prefix, limit=limit, starting_after=starting_after)


def list_transactions(
    session: Session,
    organization_ids: Sequence[UUID],
    app_user_id: str | None,
    *,
    limit: int,
    starting_after: str | None = None,
) -> Page[CurrencyTransaction]:
    """A page of the transactions of these organizations' app users, newest first. Raises InvalidRequest."""
    matching = select(CurrencyTransaction).where(owned_by(CurrencyTransaction.organization_id, organization_ids))
    if app_user_id is not None:
        matching = matching.where(CurrencyTransaction.app_user_id == app_user_id)
    prefix = ids.CURRENCY_TRANSACTION
    return load_page(session, matching, CurrencyTransaction.id, prefix, limit=limit, starting_after=starting_after)


def _lock(session: Session, claim: ReferralClaim, rewards: Sequence[_Reward]) -> dict[tuple[str, str], ReferralBalance]:
    """The balances that the rewards go to, locked, with new ones where there were none; by app user and currency."""
    common = {"organization_id": claim.organization_id, "livemode": claim.livemode}
    missing = [
        {**common, "id": ids.new(), "app_user_id": reward.app_user_id, "currency": reward.currency}
        for reward in rewards
    ]
    session.execute(insert(ReferralBalance).values(missing).on_conflict_do_nothing())
    users, codes = {reward.app_user_id for reward in rewards}, {reward.currency for reward in rewards}
    concerned = (
        select(ReferralBalance)
        .where(
            ReferralBalance.organization_id == claim.organization_id,
            ReferralBalance.livemode == claim.livemode,
            ReferralBalance.app_user_id.in_(users),
            ReferralBalance.currency.in_(codes),
        )
        .order_by(ReferralBalance.app_user_id, ReferralBalance.currency)
        .with_for_update()
    )
    return {(balance.app_user_id, balance.currency): balance for balance in session.scalars(concerned)}


def _transaction(claim: ReferralClaim, reward: _Reward, amount: int, balance_after: int) -> CurrencyTransaction:
    return CurrencyTransaction(
        id=ids.new(),
        organization_id=claim.organization_id,
        livemode=claim.livemode,
        app_user_id=reward.app_user_id,
        currency=reward.currency,
        amount=amount,
        reward=reward.amount,
        balance_after=balance_after,
        source="referral",
        claim_id=claim.id,
    )
