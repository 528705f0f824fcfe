"""Writing off: ends a balance that will never be paid, or a debt that will never be repaid."""

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.commissions.settling import payout_postings
from app.commissions.settling.payout_postings import Step
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.ledger.positions import write_off as write_off_lines
from app.money import format_money
from app.organizations import audit
from app.organizations.actors import Actor, name_of
from app.partners.models import Partner
from app.programs.validation import valid_currency
from app.texts import require_line

# The condition on the program leads to the indexes on what is payable.
_IS_PAYABLE: Final = """
    payable_minor <> 0 AND program_id = :program_id AND livemode = :livemode
    AND partner_id = :partner_id AND currency = :currency
"""
_PAYABLE: Final = text(f"""
    SELECT id FROM commissions WHERE {_IS_PAYABLE}
    UNION ALL SELECT id FROM opening_balances WHERE {_IS_PAYABLE}
    ORDER BY id
""")


class WrittenOff(NamedTuple):
    """A write-off: its id, the amount it ended, and what is payable after it, minor units."""

    id: UUID
    currency: str
    amount_minor: int
    payable_minor: int
    commission_count: int


def write_off(
    session: Session,
    actor: Actor,
    partner: Partner,
    by: Cause,
    *,
    livemode: bool,
    currency: str,
    amount_minor: int,
    reason: str,
) -> WrittenOff:
    """End so much of what is payable to a partner in a currency; it takes the oldest part first.

    Args:
        session: takes the locks of drains, posts the entry, writes the audit entry.
        actor: who decides it.
        partner: whose balance or debt it is.
        by: the cause of the entry.
        livemode: of live or of test money.
        currency: of the balance.
        amount_minor: minor units; positive ends a balance, negative a debt. At most what is payable.
        reason: why it will never be paid.

    Raises:
        InvalidRequest: no reason, or the amount is 0.
        Conflict: `amount_too_large`: less than that is payable, or owed.
    """
    if not reason.strip():
        raise InvalidRequest("reason is required to write off", param="reason")
    reason, currency = require_line(reason, param="reason"), valid_currency(currency)
    if amount_minor == 0:
        raise InvalidRequest(
            "amount_cents must not be 0: positive ends a balance, negative a debt", param="amount_cents"
        )
    values = {"program_id": partner.program_id, "partner_id": partner.id, "livemode": livemode, "currency": currency}
    taken = payout_postings.take(session, session.scalars(_PAYABLE, values).all())
    payable_minor = sum(each.position.payable_minor for each in taken.values())
    if not min(payable_minor, 0) <= amount_minor <= max(payable_minor, 0):
        what = "is payable" if payable_minor >= 0 else "is owed by the partner"
        asked = format_money(amount_minor, currency)
        message = f"{format_money(abs(payable_minor), currency)} {what}, so {asked} cannot be written off"
        raise Conflict(message, code="amount_too_large", param="amount_cents")
    parts, left_minor = [], amount_minor
    for each in taken.values():
        minor = _part(each.position.payable_minor, left_minor)
        if minor:
            parts.append((each, write_off_lines(minor)))
            left_minor -= minor
    done = WrittenOff(ids.new(), currency, amount_minor, payable_minor - amount_minor, len(parts))
    details = {"decided_by": name_of(actor)}
    payout_postings.post(session, [Step(ids.encode(ids.WRITE_OFF, done.id), "write_off", parts, details, reason)], by)
    subject_id, owner = ids.encode(ids.PARTNER, partner.id), partner.organization_id
    noted = {"write_off_id": ids.encode(ids.WRITE_OFF, done.id), "currency": currency, "amount_minor": amount_minor}
    audit.add_entry(session, actor, "partner.written_off", subject_id, noted, organization_id=owner, livemode=livemode)
    return done


def _part(payable_minor: int, left_minor: int) -> int:
    """How much of a commission's payable a write-off takes: as much as is left, of the same sign."""
    return max(min(payable_minor, left_minor), 0) if left_minor > 0 else min(max(payable_minor, left_minor), 0)
