"""Settling: posts the difference between what each commission should be worth now and what the ledger holds.

`settle_objects` is the only way to do so: a batch of events, a person's decision, the clock, a reported conversion and
a promotion that changes hands all call it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.attribution.attribute import attribute
from app.commissions.cycles import billing_cycles
from app.commissions.decisions import decisions
from app.commissions.rates import ladder, tiers
from app.commissions.settling import outbound_facts, rows, self_referral, settlement
from app.commissions.settling.evaluate import Result, evaluate_all
from app.commissions.settling.outbound_facts import Posted
from app.commissions.settling.settlement import Cause, CauseOf
from app.commissions.settling.target_entries import entries_of
from app.immutable import immutable
from app.ledger import posting
from app.payments import payment_rows
from app.payments.objects import LockedObjects
from app.payments.payment_rows import PaymentRow, group_into_payments
from app.stripe_events.scope import Scope


@immutable
class Settled:
    """The effect of settling on one payment.

    Attributes:
        payment: as it is written.
        former_outcome: its outcome before; "" for a new payment.
        entry_kinds: kinds of the entries that were posted; empty if no commission changed.
    """

    payment: PaymentRow
    former_outcome: str
    entry_kinds: frozenset[str]

    @property
    def has_moved(self) -> bool:
        """Whether any entry was posted."""
        return bool(self.entry_kinds)

    @property
    def is_first_accrual(self) -> bool:
        """Whether a commission was accrued and none was adjusted."""
        return "accrual" in self.entry_kinds and "adjustment" not in self.entry_kinds


def settle_objects(session: Session, scope: Scope, locked: LockedObjects, cause: Cause | CauseOf) -> list[Settled]:
    """Settle every payment that these objects are part of: outcome, conversion, commissions and ledger entries.

    The loading steps add payments of the same customers that the objects do not name: those affected by a changed
    binding, a new address of the payer or a changed order of billing cycles.

    Args:
        session: holds the locks.
        scope: the organization, account and mode of the objects.
        locked: invoices, PaymentIntents, charges, customers, … with all that is known of them: from `objects.lock`, or
            from `objects.merge_facts` where events add to it.
        cause: recorded with the entries, such as `request:…` or `job:…`; or a function that gives each payment's.

    Returns:
        What happened to each payment, the added ones included.

    Effects: locks the added payments too; writes attributions, payments, conversions, commissions, entries, postings.
    """
    if not locked.objects:
        return []
    payments = group_into_payments(session, scope, locked)
    credited = attribute(session, scope, locked, payments)
    credited = self_referral.add_recognized(session, scope, locked, credited)
    credited, cycle_positions = billing_cycles.load_cycle_positions(session, scope, credited)
    inputs = settlement.load(session, scope, credited, cycle_positions, cause)
    inputs = ladder.load_uplines(session, scope.organization_id, inputs)
    inputs = tiers.load_counts(session, scope, inputs)
    results = evaluate_all(inputs, now=datetime.now(UTC))
    return _post(session, scope, results)


def _post(session: Session, scope: Scope, results: Sequence[Result]) -> list[Settled]:
    """Write the results to the tables, post the difference to what the ledger holds, and record the facts."""
    commissions, entries, settled, posted = [], [], [], []
    for result in results:
        own_commissions, own_entries = entries_of(result)
        posted.append(Posted(result, own_commissions))
        commissions += own_commissions
        entries += own_entries
        kinds = frozenset(entry.kind for entry in own_entries)
        settled.append(Settled(result.payment, result.former_outcome, kinds))
    payment_rows.insert_and_update(session, scope, [result.payment for result in results])
    conversions = [result.conversion for result in results if result.conversion is not None]
    rows.insert_and_update(session, scope, conversions, commissions)
    at_once = [result.decision for result in results if result.is_approved_at_once and result.decision is not None]
    decisions.insert(session, scope, at_once)
    posting.post(session, scope.organization_id, entries, livemode=scope.livemode)
    outbound_facts.record(session, scope, posted)
    return settled
