"""Records the customers of rows as customer sign-ups of their partner, and since when each has paid."""

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import select

from app.commissions.elsewhere import customers as histories
from app.errors import InvalidRequest
from app.partners.joining import addresses
from app.partners.models import Partner
from app.signups import commands as signups
from app.signups.commands import Registration
from app.signups.models import SignUp
from app.transfer.imports.reading.refusals import RowRefused
from app.transfer.imports.reading.rows import CustomerRow
from app.transfer.imports.working.context import Became, Context

MARK_CHARACTERS: Final = 24


def apply(context: Context, partner: Partner, row: CustomerRow) -> Became:
    """Record the customer; what is recorded of it already stays.

    Raises:
        RowRefused: `erased`, `customer_of_another`, `customer_differs`, `first_paid_at_missing`, `date_in_future`,
            `refused`; `customer_missing`: it pays, and neither its id at Stripe nor its address is known.
    """
    session, job = context.session, context.job
    context.refuse_erased(row.email, row.stripe_customer_id)
    customer_id = _customer_id(context, row)
    before = _recorded(context, customer_id)
    _refuse_other(before, partner, row)
    stated = Registration(
        customer_id=customer_id,
        occurred_at=_signed_up_at(context, row),
        source=f"import:{job.tool}",
        partner_id=partner.id,
        email=row.email,
        stripe_customer_id=row.stripe_customer_id,
    )
    known = None if before is None else _filled(before)
    try:
        stored, is_new = signups.record(
            session, context.actor, context.program, stated, livemode=job.livemode, cause=context.cause.by
        )
    except InvalidRequest as problem:
        if problem.param == "occurred_at":
            raise RowRefused("date_in_future", "referred_at") from None
        raise RowRefused("refused", reason=problem.param or problem.code) from None
    _record_history(context, row)
    if is_new:
        return "created"
    return "unchanged" if _filled(stored) == known else "completed"


def _customer_id(context: Context, row: CustomerRow) -> str:
    """The merchant's own id, else the other system's with its name in front, else the one at Stripe, else a mark.

    With the name in front another system's number is never taken for the merchant's own.
    """
    if row.customer_id is not None:
        return row.customer_id
    if row.source_id is not None:
        return f"{context.job.tool}:{row.source_id}"
    if row.stripe_customer_id is not None:
        return row.stripe_customer_id
    mark = addresses.mark(addresses.load_salt(context.session, context.program.organization_id), row.email)
    return f"{context.job.tool}:{hashlib.sha256(mark.encode()).hexdigest()[:MARK_CHARACTERS]}"


def _recorded(context: Context, customer_id: str) -> SignUp | None:
    same = select(SignUp).where(
        SignUp.customer_id == customer_id,
        SignUp.program_id == context.program.id,
        SignUp.livemode == context.job.livemode,
        SignUp.source != "browser",
    )
    return context.session.scalars(same).one_or_none()


def _filled(stored: SignUp) -> tuple[object, ...]:
    return stored.partner_id, stored.stripe_customer_id, stored.email_mark


def _refuse_other(before: SignUp | None, partner: Partner, row: CustomerRow) -> None:
    """Refuse a customer that is recorded with another partner or another id at Stripe."""
    if before is None:
        return
    if before.partner_id not in (None, partner.id):
        raise RowRefused("customer_of_another")
    if row.stripe_customer_id and before.stripe_customer_id not in ("", row.stripe_customer_id):
        raise RowRefused("customer_differs", "stripe_customer_id", row.stripe_customer_id)


def _signed_up_at(context: Context, row: CustomerRow) -> datetime:
    """When the customer signed up; not known: when it paid first, else the cut-off, never later than now."""
    known = row.referred_at or row.first_paid_at
    return known or min(context.cutoff_at or context.job.created_at, context.cause.occurred_at)


def _record_history(context: Context, row: CustomerRow) -> None:
    """Record since when a paying customer has paid, so that its months elsewhere count."""
    if row.stage != "paying":
        return
    if row.first_paid_at is not None and row.first_paid_at > context.cause.occurred_at:
        raise RowRefused("date_in_future", "first_paid_at")
    if row.stripe_customer_id is None and row.email is None:
        raise RowRefused("customer_missing")
    try:
        histories.record(
            context.session,
            context.actor,
            context.program,
            livemode=context.job.livemode,
            stripe_customer_id=row.stripe_customer_id,
            email=row.email,
            first_paid_at=row.first_paid_at,
            cause=context.cause,
        )
    except InvalidRequest as problem:
        if problem.param != "first_paid_at":
            raise RowRefused("refused", reason=problem.param or problem.code) from None
        raise RowRefused("first_paid_at_missing") from None
