"""Command: reports a conversion that happened outside Stripe; it is credited and settled at once."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.attribution import evidence
from app.commissions.models import Conversion
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.errors import InvalidRequest
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor, name_of
from app.partners.models import Partner
from app.partners.queries import directory
from app.payments import objects
from app.payments.facts import Kind
from app.payments.models import Payment
from app.payments.reported import facts as reported
from app.payments.reported import recording
from app.programs.models import Program
from app.programs.validation import valid_currency
from app.stripe_events.scope import Scope
from app.views import instant_text

CLOCKS_APART: Final = timedelta(minutes=5)
"""How far ahead of ours the merchant's clock may be."""
FIELD_OF: Final = {"payment": "amount_cents", "event": "event_name", "entitlement": "entitlement_id"}
"""By conversion kind, the field with its signal."""


@immutable
class Report:
    """The report of a merchant.

    Attributes:
        amount_minor: None for an event or entitlement without money.
        currency: None: the program's.
        external_id: the merchant's own id; None: every report is another conversion.
        project_id: distinguishes equal external ids.
        occurred_at: None: now.
    """

    amount_minor: int | None
    currency: str | None
    external_id: str | None
    project_id: str
    event_name: str | None
    entitlement_id: str | None
    occurred_at: datetime | None


@immutable
class Reported:
    """The conversion that a report made, or that an earlier report with the same id made."""

    conversion: Conversion
    is_new: bool


def report(session: Session, actor: Actor, partner: Partner, made: Report, *, by: Cause, livemode: bool) -> Reported:
    """Store a conversion that the merchant reports for `partner`, settle it, and write the audit entry.

    Args:
        actor: who reports it.
        by: the cause of its ledger entries.
        livemode: whether it is live or test money: the mode of the key that reports it.

    Effects: as settling. Waits for a concurrent report with the same id.

    Raises:
        InvalidRequest: `signal_missing`, or `occurred_at` is in the future.
    """
    program = session.get_one(Program, partner.program_id)
    if made.occurred_at is not None and made.occurred_at > by.occurred_at + CLOCKS_APART:
        raise InvalidRequest(
            "occurred_at is in the future; send the time at which it happened, or leave it out for now",
            param="occurred_at",
        )
    _demand_signal(session, partner, made)
    object_id = reported.report_id(program.id, made.project_id, made.external_id)
    scope = Scope(partner.organization_id, "", livemode)
    facts = _facts(program, made, by, name_of(actor))
    if not recording.keep(session, scope, Kind.REPORTED, object_id, facts, root=object_id, at=by.occurred_at):
        return Reported(_conversion(session, scope, object_id), is_new=False)
    occurred_at = made.occurred_at or by.occurred_at
    named = {"carrier": "reported", "name": ids.encode(ids.PARTNER, partner.id), "field_path": "affiliate_id"}
    evidence.insert_report(session, scope, object_id, cause=by.by, occurred_at=occurred_at, **named)
    settle_objects(session, scope, objects.lock(session, scope, [object_id]), by)
    conversion = _conversion(session, scope, object_id)
    details = {"partner_id": ids.encode(ids.PARTNER, partner.id), "amount_cents": made.amount_minor}
    subject_id, owner_id = ids.encode(ids.CONVERSION, conversion.id), conversion.organization_id
    audit.add_entry(
        session, actor, "conversion.reported", subject_id, details, organization_id=owner_id, livemode=livemode
    )
    return Reported(conversion, is_new=True)


def _demand_signal(session: Session, partner: Partner, made: Report) -> None:
    people = directory.load_directory(session, partner.organization_id, partner_ids=[partner.id])
    enrollment = people.enrollments[partner.id]
    signals = reported.signals_of(
        has_amount=made.amount_minor is not None, event_name=made.event_name, entitlement_id=made.entitlement_id
    )
    if not enrollment.qualifies(signals):
        kind = enrollment.conversion_kind
        raise InvalidRequest(
            f"the program counts conversions of kind {kind}; send {FIELD_OF[kind]} with the program's own value",
            code="signal_missing",
            param=FIELD_OF[kind],
        )


def _facts(program: Program, made: Report, by: Cause, reported_by: str) -> dict[str, Any]:
    return {
        "amount": made.amount_minor,
        "currency": valid_currency(made.currency) if made.currency else program.currency,
        "occurred_at": (made.occurred_at or by.occurred_at).isoformat(),
        "external_id": made.external_id,
        "project_id": made.project_id or None,
        "event_name": made.event_name,
        "entitlement_id": made.entitlement_id,
        "reported_by": reported_by,
        "reported_at": instant_text(by.occurred_at),
        "cause": by.by,
    }


def _conversion(session: Session, scope: Scope, object_id: str) -> Conversion:
    """The conversion of a report; every stored report has one, earning or not."""
    query = (
        select(Conversion)
        .join(Payment, Payment.id == Conversion.payment_id)
        .where(
            Payment.key == reported.key_of(object_id),
            Payment.organization_id == scope.organization_id,
            Payment.account == scope.account,
            Payment.livemode == scope.livemode,
        )
    )
    return session.scalars(query).one()
