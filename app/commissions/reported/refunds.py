"""Command: reports money that the merchant gave back outside Stripe; it counts like any refund."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from app import ids
from app.commissions.decisions import approval
from app.commissions.models import Conversion
from app.commissions.rates import amounts
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.immutable import immutable
from app.money import format_money
from app.organizations import audit
from app.organizations.actors import Actor, name_of
from app.payments import objects
from app.payments.facts import Kind
from app.payments.payment_rows import PaymentRow
from app.payments.reported import recording
from app.payments.state.payment_group import KnownObject
from app.programs.models import Program
from app.views import instant_text


@immutable
class GivenBack:
    """A reported refund; `is_new` is False if it was reported before."""

    id: str
    amount_minor: int
    external_id: str | None
    reported_at: datetime
    is_new: bool


def give_back(
    session: Session,
    actor: Actor,
    conversion: Conversion,
    *,
    amount_minor: int,
    external_id: str | None,
    by: Cause,
) -> GivenBack:
    """Store that `amount_minor` of the conversion's money was returned to the customer, and settle the payment.

    A new one gets an audit entry.

    Args:
        actor: who reports it.
        external_id: the merchant's own id of it; a repetition changes nothing. None: every call is another refund.
        by: the cause of the ledger entries.

    Raises:
        InvalidRequest: it is more than is left of what was collected.
        Conflict: `duplicate_external_id` with another amount; `merged`: it was merged into another payment.
    """
    scope, payment, locked = approval.take(session, conversion)
    former = _former(locked.objects.values(), payment, external_id)
    if former is not None:
        if former.amount_minor != amount_minor:
            raise Conflict(
                f"external_id {external_id!r} was reported before with another amount; send another external_id",
                code="duplicate_external_id",
                param="external_id",
            )
        return former
    _refuse_more_than_is_left(session, conversion, payment, amount_minor)
    subject = payment.object_ids[0]
    refund_id = ids.encode(ids.REPORTED_REFUND, ids.new())
    facts = {
        "amount": amount_minor,
        "currency": payment.state.currency,
        "status": "succeeded",
        "of": subject,
        "external_id": external_id,
        "reported_by": name_of(actor),
        "reported_at": instant_text(by.occurred_at),
    }
    root = locked.objects[subject].root
    recording.keep(session, scope, Kind.REPORTED_REFUND, refund_id, facts, root=root, at=by.occurred_at)
    settle_objects(session, scope, objects.lock(session, scope, payment.object_ids), by)
    details = {"refund_id": refund_id, "amount_cents": amount_minor}
    conversion_id, owner_id = ids.encode(ids.CONVERSION, conversion.id), conversion.organization_id
    mode = conversion.livemode
    audit.add_entry(
        session, actor, "conversion.refunded", conversion_id, details, organization_id=owner_id, livemode=mode
    )
    return GivenBack(refund_id, amount_minor, external_id, by.occurred_at, is_new=True)


def _former(known: Iterable[KnownObject], payment: PaymentRow, external_id: str | None) -> GivenBack | None:
    """The refund of the payment with this external id; None if there is none."""
    for stored in known if external_id is not None else ():
        is_refund = stored.kind == Kind.REPORTED_REFUND and stored.facts["of"] in payment.object_ids
        if is_refund and stored.facts.get("external_id") == external_id:
            return GivenBack(stored.id, int(stored.facts["amount"]), external_id, stored.happened_at, is_new=False)
    return None


def _refuse_more_than_is_left(session: Session, conversion: Conversion, payment: PaymentRow, amount_minor: int) -> None:
    """What can still be given back; it includes money paid outside Stripe if the program counts it."""
    program = session.get_one(Program, conversion.program_id)
    gross_minor, _, returned_minor = amounts.collected(payment.state, include_out_of_band=program.include_out_of_band)
    left_minor = gross_minor - returned_minor
    if amount_minor > left_minor:
        left = format_money(left_minor, payment.state.currency)
        raise InvalidRequest(
            f"amount_cents is too much: only {left} of the collected amount has not been returned", param="amount_cents"
        )
