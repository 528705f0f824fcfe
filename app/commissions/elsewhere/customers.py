"""The command that records the history of a customer: how long it has paid, in the system before this one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids, sealing
from app.commissions.elsewhere.models import CustomerHistory
from app.commissions.settling.settlement import Cause
from app.errors import InvalidRequest
from app.organizations import audit
from app.organizations.actors import Actor
from app.partners.joining import addresses
from app.programs.models import Program
from app.stripe_events.scope import Scope
from app.stripe_sync import api_keys, lookups
from app.stripe_sync.lookups import LookupRequest

IDENTITY: Final = ("organization_id", "livemode", "program_id", "stripe_customer_id", "email_mark")

_GIVE_TIME = text("""
    UPDATE customer_histories
    SET first_paid_at = :first_paid_at, cause = :cause, settled_at = NULL, xid = NULL WHERE id = :id
""")

NEEDS_A_TIME: Final = (
    "first_paid_at is required, because no Stripe API key of this mode is configured to read the customer's history; "
    "give the time of the customer's first payment, or add a key with `accrual endpoints key whe_…`"
)


def record(
    session: Session,
    actor: Actor,
    program: Program,
    *,
    livemode: bool,
    stripe_customer_id: str | None,
    email: str | None,
    first_paid_at: datetime | None,
    cause: Cause,
) -> CustomerHistory:
    """Record that a customer paid before this system, so that its earlier payments count for cycles and months.

    Where there is a Stripe API key, its payments are fetched from the first one on, by another process. The clock
    settles its payments again. A repeat may give an earlier time, or one where none was known; it changes nothing else.

    Args:
        session: writes the history and the audit entry, and queues the look-up.
        actor: who records it.
        program: the program that credited the customer.
        livemode: of live or of test payments.
        stripe_customer_id: the customer's id at Stripe; None: only its address is known.
        email: its address; stored as a mark, and sealed until Stripe was asked for it.
        first_paid_at: the time of its first payment, if it is known.
        cause: the cause of the entries that follow from it.

    Raises:
        InvalidRequest: neither id nor address is given, or there is no API key and no `first_paid_at`.
    """
    if not stripe_customer_id and not addresses.fold(email):
        message = "give stripe_customer_id, or the customer's address as email, so that it can be recognized"
        raise InvalidRequest(message, param="email" if email else "stripe_customer_id")
    has_key = api_keys.is_stored(session, program.organization_id, livemode=livemode)
    if first_paid_at is None and not has_key:
        raise InvalidRequest(NEEDS_A_TIME, param="first_paid_at")
    row = {
        "id": ids.new(),
        "organization_id": program.organization_id,
        "livemode": livemode,
        "program_id": program.id,
        "stripe_customer_id": stripe_customer_id or "",
        **_address(session, program, None if stripe_customer_id else email, is_asked=has_key),
        "first_paid_at": first_paid_at,
        "cause": cause.by,
    }
    new = insert(CustomerHistory).values(row).on_conflict_do_nothing(constraint="uq_customer_histories_customer")
    is_new = session.scalar(new.returning(CustomerHistory.id)) is not None
    same = [getattr(CustomerHistory, name) == row[name] for name in IDENTITY]
    history = session.scalars(select(CustomerHistory).where(*same)).one()
    if is_new and has_key:
        _look_up(session, history)
    if is_new:
        _note(session, actor, history)
    elif first_paid_at is not None and (history.first_paid_at is None or first_paid_at < history.first_paid_at):
        session.execute(_GIVE_TIME, {"id": history.id, "first_paid_at": first_paid_at, "cause": cause.by})
        session.refresh(history)
    return history


def _address(session: Session, program: Program, email: str | None, *, is_asked: bool) -> dict[str, str | None]:
    """The columns of the address of a customer that has no id; `is_asked`: whether Stripe can be asked for it."""
    mark = addresses.mark(addresses.load_salt(session, program.organization_id), email)
    sealed = sealing.seal(email, sealing.of_process()) if email is not None and mark and is_asked else None
    return {"email_mark": mark, "email_encrypted": sealed}


def _look_up(session: Session, history: CustomerHistory) -> None:
    """Queue the fetching of everything that the customer paid."""
    scope = Scope(history.organization_id, "", history.livemode)
    by_address = LookupRequest(lookups.HISTORY_BY_ADDRESS, ids.encode(ids.CUSTOMER_HISTORY, history.id))
    by_id = LookupRequest(lookups.HISTORY, history.stripe_customer_id)
    request = by_id if history.stripe_customer_id else by_address
    lookups.queue(session, scope, [request], is_backfill=True)


def _note(session: Session, actor: Actor, history: CustomerHistory) -> None:
    subject_id, owner = ids.encode(ids.CUSTOMER_HISTORY, history.id), history.organization_id
    details = {"program_id": ids.encode(ids.PROGRAM, history.program_id)}
    audit.add_entry(
        session,
        actor,
        "customer.history_recorded",
        subject_id,
        details,
        organization_id=owner,
        livemode=history.livemode,
    )


def sealed_address(session: Session, history_id: UUID) -> str | None:
    """The sealed address of a history's customer; None if it has none, or Stripe was asked for it already."""
    return session.scalar(select(CustomerHistory.email_encrypted).where(CustomerHistory.id == history_id))


def has_unasked(session: Session, organization_ids: Sequence[UUID], *, livemode: bool | None) -> bool:
    """Whether these organizations have histories by address that Stripe was not asked for; None: in either mode."""
    kept = select(CustomerHistory.id).where(
        CustomerHistory.organization_id.in_(organization_ids), CustomerHistory.email_encrypted.is_not(None)
    )
    of_mode = kept if livemode is None else kept.where(CustomerHistory.livemode == livemode)
    return session.scalar(of_mode.limit(1)) is not None


def forget_address(session: Session, public_id: str) -> None:
    """Remove the sealed address of a history, once Stripe was asked for it; its mark stays."""
    same = CustomerHistory.id == ids.decode(public_id, ids.CUSTOMER_HISTORY)
    session.execute(update(CustomerHistory).where(same).values(email_encrypted=None))
