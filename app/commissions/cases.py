"""Gathering what decides each payment's commissions, in a handful of set-based reads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.attribution.attribute import Attributions, Credited
from app.attribution.rules import NoCredit
from app.commissions import decisions, paid, records
from app.commissions.decisions import Decision
from app.commissions.limits import Standing
from app.commissions.ranks import Ranked
from app.commissions.records import CommissionRecord, ConversionRecord
from app.payments import waiting
from app.payments.record import PaymentRecord
from app.stripe_events.scope import Scope


@dataclass(frozen=True, slots=True)
class Cause:
    """What a payment's entries are put down to, `evt_…`, `request:…` or `job:…`, and when it happened."""

    by: str
    occurred_at: datetime


@dataclass(slots=True)
class Case:
    """One payment with everything that decides what it earns."""

    payment: PaymentRecord
    credit: Credited | NoCredit
    conversion: ConversionRecord | None
    commissions: list[CommissionRecord]
    cause: Cause
    decision: Decision | None
    standing: Standing
    may_be_linked: bool
    """Whether it may yet turn out to pay an invoice of its customer."""
    instead_of: str = ""
    """Whom evidence credits by now, where the partner that has been paid was left with it."""
    earned_by: Collection[UUID] = field(default_factory=set)
    """Partners that earned with a payment which has been merged into this one."""

    @property
    def is_approved(self) -> bool:
        """Whether what it earns is payable."""
        return self.decision is not None and self.decision.is_approval


def gather(session: Session, scope: Scope, ranked: Ranked, causes: Mapping[UUID, Cause], other: Cause) -> list[Case]:
    """The case of every payment in `ranked`; those that are not among `causes` are put down to `other`."""
    attributions = ranked.attributions
    payments, credited = attributions.records, attributions.credits
    conversions = records.conversions_of(session, [one.id for one in payments if not one.is_new])
    commissions = records.commissions_of(session, [one.id for one in conversions.values()])
    decided = decisions.of_each(session, payments)
    linkable = _linkable(session, scope, attributions)
    earned_by = _inherited(payments, conversions)
    kept = paid.kept(session, scope, attributions, conversions, commissions)
    cases = []
    for payment in payments:
        conversion = conversions.get(payment.id)
        cases.append(
            Case(
                payment=payment,
                credit=kept[payment.id].credit if payment.id in kept else credited.get(payment.id, NoCredit()),
                conversion=conversion,
                commissions=commissions.get(conversion.id, []) if conversion else [],
                cause=causes.get(payment.id, other),
                decision=decided.get(payment.id),
                standing=ranked.standings.get(payment.id, Standing()),
                may_be_linked=payment.state.customer in linkable,
                instead_of=kept[payment.id].instead_of if payment.id in kept else "",
                earned_by=earned_by.get(payment.id, ()),
            )
        )
    return cases


def _inherited(
    payments: Sequence[PaymentRecord], conversions: Mapping[UUID, ConversionRecord]
) -> dict[UUID, set[UUID]]:
    """By id of a payment, the partners that earned with those merged into it."""
    found: dict[UUID, set[UUID]] = {}
    for payment in payments:
        conversion = conversions.get(payment.id)
        if payment.merged_into_id is not None and conversion is not None and conversion.verdict == "earns":
            found.setdefault(payment.merged_into_id, set()).add(conversion.partner_id)
    return found


def _linkable(session: Session, scope: Scope, attributions: Attributions) -> Collection[str]:
    """Customers whose unmarked charges may belong to an invoice that has not been linked to them yet."""
    unmarked = {
        one.state.customer
        for one in attributions.records
        if not one.is_of_invoice and isinstance(attributions.credits.get(one.id), NoCredit)
    }
    return waiting.customers_with_invoices(session, scope, unmarked - {""})
