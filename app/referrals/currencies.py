"""The merchant's own currencies: creates, changes and lists them. What is granted in them is in `rewards`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, InvalidRequest, NotFound
from app.organizations import audit
from app.organizations.actors import Actor
from app.organizations.hierarchy import require_merchant
from app.paging import Page, load_page, owned_by
from app.referrals.models import ReferralCurrency

CODE: Final = r"^[A-Za-z0-9_-]{1,32}$"
MOST: Final = 1_000_000_000_000
"""The largest reward and the largest `max_balance`."""


def create(
    session: Session, actor: Actor, organization_id: UUID, *, livemode: bool, code: str, max_balance: int | None
) -> ReferralCurrency:
    """Create a currency; `max_balance` is the most that an app user can have of it, None: no limit.

    Raises:
        InvalidRequest: `code` does not match `CODE`.
        Conflict: `currency_taken`; `not_a_merchant`.
    """
    require_merchant(session, organization_id)
    if not re.fullmatch(CODE, code):
        raise InvalidRequest("code must have 1 to 32 letters, digits, hyphens and underscores", param="code")
    currency = ReferralCurrency(
        id=ids.new(), organization_id=organization_id, livemode=livemode, code=code, max_balance=max_balance
    )
    try:
        with session.begin_nested():
            session.add(currency)
    except IntegrityError:
        raise Conflict(f"there is a currency {code!r} already; choose another code", code="currency_taken") from None
    _add_entry(session, actor, "referral_currency.created", currency, code=code, max_balance=max_balance)
    return currency


def change(session: Session, actor: Actor, currency: ReferralCurrency, *, max_balance: int | None) -> ReferralCurrency:
    """Set the most that an app user can have. Balances above it stay, and get nothing more."""
    currency.max_balance = max_balance
    session.flush()
    _add_entry(session, actor, "referral_currency.updated", currency, max_balance=max_balance)
    return currency


def list_currencies(
    session: Session, organization_ids: Sequence[UUID], *, limit: int, starting_after: str | None = None
) -> Page[ReferralCurrency]:
    """A page of the currencies of these organizations, newest first. Raises InvalidRequest."""
    matching = select(ReferralCurrency).where(owned_by(ReferralCurrency.organization_id, organization_ids))
    prefix = ids.REFERRAL_CURRENCY
    return load_page(session, matching, ReferralCurrency.id, prefix, limit=limit, starting_after=starting_after)


def get_currency(session: Session, organization_ids: Sequence[UUID], public_id: str) -> ReferralCurrency:
    """The currency with this `cur_…` id, locked, owned by one of these organizations. Raises NotFound."""
    matching = select(ReferralCurrency).where(
        ReferralCurrency.id == ids.decode(public_id, ids.REFERRAL_CURRENCY),
        ReferralCurrency.organization_id.in_(organization_ids),
    )
    currency = session.scalar(matching.with_for_update())
    if currency is None:
        raise NotFound.of("currency", public_id)
    return currency


def require_known(
    session: Session, organization_id: UUID, rewards: Mapping[str, int], *, livemode: bool, param: str
) -> dict[str, int]:
    """`rewards`, if all amounts are possible and the organization has their currencies. Raises InvalidRequest."""
    for currency, amount in rewards.items():
        if not 1 <= amount <= MOST:
            raise InvalidRequest(f"{param} grants {amount} {currency}; grant 1 to {MOST}", param=param)
    unknown = sorted(set(rewards) - set(limits(session, organization_id, rewards, livemode=livemode)))
    if unknown:
        raise InvalidRequest(f"{param} names the currency {unknown[0]!r}, which does not exist; create it", param=param)
    return dict(rewards)


def limits(session: Session, organization_id: UUID, codes: Iterable[str], *, livemode: bool) -> dict[str, int | None]:
    """The `max_balance` of each of these currencies that exists, by its code."""
    found = select(ReferralCurrency.code, ReferralCurrency.max_balance).where(
        ReferralCurrency.organization_id == organization_id,
        ReferralCurrency.livemode == livemode,
        ReferralCurrency.code.in_(list(codes)),
    )
    return {row.code: row.max_balance for row in session.execute(found)}


def _add_entry(session: Session, actor: Actor, action: str, currency: ReferralCurrency, **details: Any) -> None:
    subject_id = ids.encode(ids.REFERRAL_CURRENCY, currency.id)
    owner, livemode = currency.organization_id, currency.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)
