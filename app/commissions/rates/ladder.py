"""The uplines that earn with a partner: found when a payment is first credited, paid by the ladder of the terms."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.attribution.rules import Credit, in_force
from app.commissions.rates import amounts
from app.commissions.rates.amounts import Calculation
from app.commissions.settling.rows import ConversionRow
from app.commissions.settling.settlement import SettlementInput, Uplines
from app.immutable import immutable
from app.partners import tree
from app.partners.queries.directory import SnapshotTerms


@immutable
class Beneficiary:
    """A partner that earns on a payment, with snapshot and amounts. Level 0 is the credited partner, 1 its parent."""

    level: int
    partner_id: UUID
    partner_organization_id: UUID | None
    snapshot: SnapshotTerms
    calculation: Calculation


def load_uplines(session: Session, owner: UUID, inputs: Sequence[SettlementInput]) -> list[SettlementInput]:
    """`inputs`, with ladder and uplines for partners whose terms have a ladder. No query if none have."""
    ladders = {
        settlement.payment.id: snapshot
        for settlement in inputs
        if (snapshot := _bound_under(settlement)) is not None and snapshot.multi_level
    }
    if not ladders:
        return list(inputs)
    laddered = [settlement for settlement in inputs if settlement.payment.id in ladders]
    above = tree.ancestors_of(session, owner, {_partner(settlement) for settlement in laddered})
    known = {
        ancestor.partner_id: ancestor.partner_organization_id for ancestors in above.values() for ancestor in ancestors
    }
    earlier = {
        UUID(upline["partner_id"])
        for settlement in laddered
        for uplines in _stored_uplines(settlement)
        for upline in uplines
    }
    known |= tree.organizations_of(session, earlier - known.keys())
    return [
        replace(settlement, uplines=Uplines(ladders[settlement.payment.id], above.get(_partner(settlement), ()), known))
        if settlement.payment.id in ladders
        else settlement
        for settlement in inputs
    ]


def _partner(settlement: SettlementInput) -> UUID:
    assert isinstance(settlement.credit, Credit), "only a credited partner has uplines"
    return settlement.credit.enrollment.partner_id


def _bound_under(settlement: SettlementInput) -> SnapshotTerms | None:
    """The snapshot with the ladder that counts: the one the customer was bound under; None without a ladder.

    A payment that stays with a paid partner (`instead_of`) keeps the ladder of its commissions.
    """
    credit = settlement.credit
    if settlement.payment.merged_into_id is not None or not isinstance(credit, Credit):
        return None
    snapshots = credit.enrollment.snapshots
    if not any(snapshot.multi_level for snapshot in snapshots):
        return None
    kept = next(
        (commission.snapshot_id for commission in settlement.commissions if commission.level and settlement.instead_of),
        None,
    )
    snapshot_id = kept or credit.snapshot_id
    recorded = next((snapshot for snapshot in snapshots if snapshot.id == snapshot_id), None)
    return recorded or in_force(snapshots, credit.bound_at, bound_at=credit.bound_at)


def _stored_uplines(settlement: SettlementInput) -> list[Sequence[Mapping[str, Any]]]:
    """The uplines stored with the conversions of this money: of the payment, and of those merged into it."""
    own = [settlement.conversion] if settlement.conversion is not None else []
    merged = [each.conversion for each in settlement.merged]
    return [
        conversion.uplines
        for conversion in (*own, *merged)
        if conversion.partner_id == _partner(settlement) and conversion.uplines is not None
    ]


def earning_uplines(settlement: SettlementInput, former: ConversionRow | None) -> Sequence[Mapping[str, Any]] | None:
    """The uplines that earn on the payment, level by level: those active when it was first credited to the partner.

    Later events never change them: an upline that is paused keeps earning on it, and one that is added later earns
    nothing on it. An upline that earned with a payment merged into this one keeps earning. The level of an inactive
    upline stays empty.

    Args:
        settlement: the payment with everything that decides what it earns.
        former: the conversion whose uplines stay; None if they must be found for the first time, or again.
    """
    if settlement.uplines is None:
        return former.uplines if former else None
    before = [
        merged.conversion.uplines
        for merged in settlement.merged
        if merged.conversion.partner_id == _partner(settlement)
    ]
    before.append(former.uplines if former else None)
    recorded = [uplines for uplines in before if uplines is not None]
    if recorded:
        by_level = {upline["level"]: upline for uplines in recorded for upline in uplines}
        return [by_level[level] for level in sorted(by_level)]
    assert isinstance(settlement.credit, Credit), "there is a ladder"
    is_on = settlement.credit.enrollment.multi_level_enabled
    return [
        {"level": ancestor.level, "partner_id": str(ancestor.partner_id)}
        for ancestor in settlement.uplines.ancestors
        if is_on and ancestor.is_active
    ]


def beneficiaries(settlement: SettlementInput, conversion: ConversionRow, partners: Calculation) -> list[Beneficiary]:
    """The uplines with what each earns; `partners` is the calculation of the credited partner."""
    if settlement.uplines is None:
        return []
    ladder = settlement.uplines.ladder
    rates = {int(step["level"]): int(step["bps"]) for step in ladder.multi_level}
    earning = []
    for upline in conversion.uplines or ():
        level, partner_id = int(upline["level"]), UUID(upline["partner_id"])
        if level in rates:
            calculation = amounts.of_upline(partners, level, rates[level])
            organization_id = settlement.uplines.organizations.get(partner_id)
            earning.append(Beneficiary(level, partner_id, organization_id, ladder, calculation))
    return earning
