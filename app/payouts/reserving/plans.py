"""Plans of a whole selection: what a run would pay to whom now, and what it would skip."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulk import among
from app.partners.models import Partner
from app.payouts.connect import destinations
from app.payouts.files.problems import load_problems
from app.payouts.owner_settings.stored import load_payer
from app.payouts.reserving import payables, planning
from app.payouts.reserving.payables import Selection
from app.payouts.reserving.planning import Plan, RunTerms
from app.programs.models import Program


def load_terms(session: Session, program: Program, *, livemode: bool) -> RunTerms:
    """What decides about the payouts of a program in a mode now."""
    return RunTerms(
        fee_bps=program.platform_fee_bps,
        minimums=program.minimum_payouts,
        payer=load_payer(session, program.organization_id, livemode=livemode),
        is_settling=payables.is_settling(session, program, livemode=livemode),
    )


def load_plans(session: Session, program: Program, selection: Selection) -> list[Plan]:
    """A plan for each partner and currency of the selection with anything payable, by partner and currency."""
    every = payables.load_owed(session, selection)
    partner_ids = {owed.partner_id for owed in every}
    found = destinations.load_for(session, partner_ids, livemode=selection.livemode)
    methods = found.methods
    statuses = load_statuses(session, partner_ids)
    terms = load_terms(session, program, livemode=selection.livemode)
    problems = load_problems(session, [(owed.partner_id, owed.currency) for owed in every], methods)
    return [
        planning.plan(
            owed,
            [(owed.partner_id, owed.payable_minor)],
            partner_status=statuses[owed.partner_id],
            method=methods.get(owed.partner_id),
            terms=terms,
            unable=found.refusals.get(owed.partner_id),
            destination_problem=problems.get((owed.partner_id, owed.currency)),
        )
        for owed in every
        if not selection.methods
        or (owed.partner_id in methods and methods[owed.partner_id].method in selection.methods)
    ]


def load_statuses(session: Session, partner_ids: Collection[UUID], *, is_shared: bool = False) -> dict[UUID, str]:
    """The statuses of these partners; `is_shared` locks their rows, so that a ban waits for the transaction."""
    if not partner_ids:
        return {}
    chosen = select(Partner.id, Partner.status).where(among(Partner.id, partner_ids)).order_by(Partner.id)
    rows = session.execute(chosen.with_for_update(read=True) if is_shared else chosen)
    return {row.id: row.status for row in rows}


def load_organizations(session: Session, partner_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """The own organizations of these partners; None for those that have not joined."""
    if not partner_ids:
        return {}
    rows = session.execute(select(Partner.id, Partner.partner_organization_id).where(among(Partner.id, partner_ids)))
    return {row.id: row.partner_organization_id for row in rows}
