"""Settling: what each commission should be now, minus what the ledger holds.

`settle_objects` is the one way there is: a batch of events, a person, the clock and a changed name all take it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.attribution.attribute import attribute
from app.commissions.cycles import billing_cycles
from app.commissions.decisions import decisions
from app.commissions.rates import ladder, tiers
from app.commissions.settling import rows, self_referral, settlement
from app.commissions.settling.entries import entries_of
from app.commissions.settling.evaluate import Result, evaluate_all
from app.commissions.settling.settlement import Cause, CauseOf
from app.ledger import posting
from app.payments import payment_rows
from app.payments.objects import LockedObjects
from app.payments.payment_rows import PaymentRow, group_into_payments
from app.stripe_events.scope import Scope


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling did to one payment.

    Attributes:
        payment: as it is written.
        former_outcome: how it stood before; "" for a new one.
        entry_kinds: of the entries that were posted; none where no commission moved.
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
        """Whether it has begun to earn, and nothing that it earned before has changed."""
        return "accrual" in self.entry_kinds and "adjustment" not in self.entry_kinds


def settle_objects(session: Session, scope: Scope, locked: LockedObjects, cause: Cause | CauseOf) -> list[Settled]:
    """Bring every payment that these objects are part of to what it should be now.

    Args:
        session: holds the locks.
        scope: where the objects belong.
        locked: invoices, PaymentIntents, charges, customers, … with all that is known of them: from `objects.lock`, or
            from `objects.merge_facts` where events add to it.
        cause: what the entries are put down to, such as `request:…` or `job:…`; or the function that says so.

    Returns:
        What happened to each payment, those included that a changed binding, address or billing cycle reaches.

    Effects: locks those others too; writes attributions, payments, conversions, commissions, entries and postings.
    """
    if not locked.objects:
        return []
    payments = group_into_payments(session, scope, locked)
    credited = attribute(session, scope, locked, payments)
    credited = self_referral.add_own(session, scope, locked, credited)
    credited, positions = billing_cycles.load_positions(session, scope, credited)
    inputs = settlement.load(session, scope, credited, positions, cause)
    inputs = ladder.load_uplines(session, scope.organization_id, inputs)
    inputs = tiers.load_counts(session, scope, inputs)
    results = evaluate_all(inputs, now=datetime.now(UTC))
    return _post(session, scope, results)


def _post(session: Session, scope: Scope, results: Sequence[Result]) -> list[Settled]:
    """Write what came of each payment, and post the difference to what the ledger holds."""
    commissions, entries, settled = [], [], []
    for result in results:
        own_commissions, own_entries = entries_of(result)
        commissions += own_commissions
        entries += own_entries
        kinds = frozenset(one.kind for one in own_entries)
        settled.append(Settled(result.payment, result.former_outcome, kinds))
    payment_rows.insert_and_update(session, scope, [one.payment for one in results])
    conversions = [one.conversion for one in results if one.conversion is not None]
    rows.insert_and_update(session, scope, conversions, commissions)
    at_once = [one.decision for one in results if one.is_approved_at_once and one.decision is not None]
    decisions.insert(session, scope, at_once)
    posting.post(session, scope.organization_id, entries, livemode=scope.livemode)
    return settled
