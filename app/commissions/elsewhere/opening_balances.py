"""The command that records an opening balance and posts it, with its audit entry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere.models import OpeningBalance
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.immutable import immutable
from app.ledger import posting
from app.ledger.positions import opening
from app.ledger.posting import Entry
from app.money import format_money
from app.organizations import audit
from app.organizations.actors import Actor
from app.partners.models import Partner
from app.programs.validation import valid_currency
from app.sentences.calculations import OPENING
from app.texts import require_line
from app.views import instant_text

SCHEMA_VERSION: Final = 1
"""The version of an entry's details; increase it if readers must distinguish a new format."""


@immutable
class EarnedElsewhere:
    """A balance in the system before this one.

    Attributes:
        amount_minor: minor units of the currency; negative: the partner owes it.
        source: the system it comes from.
        source_id: its name in that system, one for each balance.
        occurred_at: of what time it is the balance; a payout run with an earlier cut-off leaves a credit out.
    """

    currency: str
    amount_minor: int
    source: str
    source_id: str
    occurred_at: datetime


def record(
    session: Session, actor: Actor, partner: Partner, earned: EarnedElsewhere, *, livemode: bool, cause: Cause
) -> OpeningBalance:
    """Record what a partner had earned elsewhere and was not paid, or owed, and post it as payable.

    A repeat with the same source and name changes nothing and returns what was recorded.

    Args:
        session: posts the entry, writes the audit entry.
        actor: who records it.
        partner: whose balance it is.
        earned: the balance.
        livemode: live or test money.
        cause: the cause of the entry.

    Raises:
        InvalidRequest: the amount is 0, the currency is unknown, the time is in the future, or a name is missing.
        Conflict: `opening_balance_differs`: the source and name were recorded with another partner, currency, amount
            or time.
    """
    row = _valid(earned, cause) | {
        "id": ids.new(),
        "organization_id": partner.organization_id,
        "livemode": livemode,
        "partner_organization_id": partner.partner_organization_id,
        "program_id": partner.program_id,
        "partner_id": partner.id,
        "payable_minor": earned.amount_minor,
    }
    new = insert(OpeningBalance).values(row).on_conflict_do_nothing(constraint="uq_opening_balances_source")
    added: UUID | None = session.scalar(new.returning(OpeningBalance.id))
    if added is None:
        return _recorded_before(session, row)
    balance = session.get_one(OpeningBalance, added)
    posting.post(session, balance.organization_id, [_entry(balance, cause)], livemode=livemode)
    _note(session, actor, balance)
    return balance


def _valid(earned: EarnedElsewhere, cause: Cause) -> dict[str, Any]:
    """The columns of what was earned. Raises InvalidRequest."""
    if earned.amount_minor == 0:
        raise InvalidRequest("amount_minor is 0; there is nothing to record", param="amount_minor")
    if earned.occurred_at > cause.occurred_at:
        message = f"occurred_at {instant_text(earned.occurred_at)} is in the future; give a time up to now"
        raise InvalidRequest(message, param="occurred_at")
    return {
        "currency": valid_currency(earned.currency),
        "amount_minor": earned.amount_minor,
        "source": require_line(earned.source, param="source"),
        "source_id": require_line(earned.source_id, param="source_id"),
        "occurred_at": earned.occurred_at,
    }


def _recorded_before(session: Session, asked: Mapping[str, Any]) -> OpeningBalance:
    """The balance with this source and name. Raises Conflict if it is not the one that is asked for now."""
    identity = ("program_id", "livemode", "source", "source_id")
    same = [getattr(OpeningBalance, name) == asked[name] for name in identity]
    stored = session.scalars(select(OpeningBalance).where(*same)).one()
    if all(getattr(stored, name) == asked[name] for name in ("partner_id", "currency", "amount_minor", "occurred_at")):
        return stored
    message = (
        f"the balance {stored.source_id} of {stored.source} was recorded as "
        f"{format_money(stored.amount_minor, stored.currency)} of {ids.encode(ids.PARTNER, stored.partner_id)} at "
        f"{instant_text(stored.occurred_at)}, and a recorded balance never changes; record the difference with "
        "another source_id"
    )
    raise Conflict(message, code="opening_balance_differs", param="source_id")


def _entry(balance: OpeningBalance, cause: Cause) -> Entry:
    public_id = ids.encode(ids.OPENING_BALANCE, balance.id)
    return Entry(
        key=f"{public_id}:1",
        kind="opening",
        program_id=balance.program_id,
        partner_id=balance.partner_id,
        partner_organization_id=balance.partner_organization_id,
        currency=balance.currency,
        parts=[(balance.id, opening(balance.amount_minor))],
        occurred_at=balance.occurred_at,
        cause=cause.by,
        details={
            "schema_version": SCHEMA_VERSION,
            "opening_balance_id": public_id,
            "reason": OPENING,
            "source": balance.source,
        },
        is_opening=True,
    )


def _note(session: Session, actor: Actor, balance: OpeningBalance) -> None:
    details = {
        "partner_id": ids.encode(ids.PARTNER, balance.partner_id),
        "currency": balance.currency,
        "amount_minor": balance.amount_minor,
        "source": balance.source,
    }
    subject_id, owner = ids.encode(ids.OPENING_BALANCE, balance.id), balance.organization_id
    audit.add_entry(
        session,
        actor,
        "opening_balance.recorded",
        subject_id,
        details,
        organization_id=owner,
        livemode=balance.livemode,
    )
