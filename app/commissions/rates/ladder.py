"""Who above a partner earns with it: judged once, like the partner itself, and paid by the terms' ladder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.attribution.attribute import Credited
from app.attribution.rules import in_force
from app.commissions.rates import rules
from app.commissions.rates.rules import Calculation
from app.commissions.settling.rows import ConversionRecord
from app.commissions.settling.settlement import Case
from app.partners import tree
from app.partners.finding.directory import SnapshotTerms


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """Somebody who earns on a payment, by which snapshot and how much. Level 0 is the partner."""

    level: int
    partner_id: UUID
    partner_organization_id: UUID | None
    snapshot: SnapshotTerms
    calculation: Calculation


def look_up(session: Session, owner: UUID, cases: Sequence[Case]) -> None:
    """Give each case its ladder and the partner's uplines; no query where no terms have a ladder."""
    bound = [
        (case, snapshot) for case in cases if (snapshot := _bound_under(case)) is not None and snapshot.multi_level
    ]
    if not bound:
        return
    above = tree.ancestors_of(session, owner, {_partner(case) for case, _ in bound})
    known = {one.partner_id: one.partner_organization_id for found in above.values() for one in found}
    judged = {UUID(one["partner_id"]) for case, _ in bound for each in _judged(case) for one in each}
    known |= tree.organizations_of(session, judged - known.keys())
    for case, snapshot in bound:
        case.ladder, case.ancestors, case.organizations = snapshot, above.get(_partner(case), ()), known


def _partner(case: Case) -> UUID:
    assert isinstance(case.credit, Credited), "only who is credited has uplines"
    return case.credit.enrollment.partner_id


def _bound_under(case: Case) -> SnapshotTerms | None:
    """The snapshot the customer was bound under, whose terms have the ladder; None where nobody is credited.

    What a partner keeps because it was paid keeps its ladder.
    """
    credit = case.credit
    if case.payment.merged_into_id is not None or not isinstance(credit, Credited):
        return None
    snapshots = credit.enrollment.snapshots
    if not any(one.multi_level for one in snapshots):
        return None
    kept = next((one.snapshot_id for one in case.commissions if one.level and case.instead_of), None)
    wanted = kept or credit.snapshot_id
    recorded = next((one for one in snapshots if one.id == wanted), None)
    return recorded or in_force(snapshots, credit.bound_at, bound_at=credit.bound_at)


def _judged(case: Case) -> list[Sequence[Mapping[str, Any]]]:
    """What has been judged of this money: of the payment itself first, then of those merged into it."""
    own = [case.conversion] if case.conversion is not None else []
    merged = [one.conversion for one in case.merged]
    return [one.uplines for one in (*own, *merged) if one.partner_id == _partner(case) and one.uplines is not None]


def uplines(case: Case, former: ConversionRecord | None) -> list[dict[str, Any]] | None:
    """The uplines that earn on the payment, level by level: those active when it was first credited to the partner.

    Later events never judge again: an upline that is paused keeps earning on it, and one that joins gets nothing of it.
    One that earned with a payment merged into this one earns on. Inactive ancestors leave their level empty.

    Args:
        former: the conversion as it was judged before; None if it has not been, or is judged anew.
    """
    if case.ladder is None:
        return former.uplines if former else None
    judged = [one.conversion.uplines for one in case.merged if one.conversion.partner_id == _partner(case)]
    judged.append(former.uplines if former else None)
    found = [each for each in judged if each is not None]
    if found:
        return [one for _, one in sorted({one["level"]: one for each in found for one in each}.items())]
    assert isinstance(case.credit, Credited), "there is a ladder"
    is_on = case.credit.enrollment.multi_level_enabled
    return [
        {"level": one.level, "partner_id": str(one.partner_id)} for one in case.ancestors if is_on and one.is_active
    ]


def beneficiaries(case: Case, partners: Calculation) -> list[Beneficiary]:
    """The uplines with what each earns beside the partner's `partners`."""
    if case.ladder is None or case.conversion is None:
        return []
    rates = {int(one["level"]): int(one["bps"]) for one in case.ladder.multi_level}
    found = []
    for one in case.conversion.uplines or ():
        level, partner_id = int(one["level"]), UUID(one["partner_id"])
        if level in rates:
            calculation = rules.of_upline(partners, level, rates[level])
            organization_id = case.organizations.get(partner_id)
            found.append(Beneficiary(level, partner_id, organization_id, case.ladder, calculation))
    return found
