"""Listing, finding, approving, pausing and banning a program's partners, and their totals."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, NotFound
from app.ledger import sums
from app.ledger.sums import Sums
from app.paging import Page, load_page
from app.partners import enrollment
from app.partners.models import Partner
from app.partners.queries.listing import get_partner
from app.partners.validation import AffiliateStatus, stored_of_affiliate_status
from app.programs.models import Program

Move = Literal["approve", "pause", "ban"]

STATUS_AFTER: Final[Mapping[Move, Literal["active", "paused", "banned"]]] = {
    "approve": "active",
    "pause": "paused",
    "ban": "banned",
}


def list_partners(
    session: Session,
    program: Program,
    *,
    limit: int,
    starting_after: str | None = None,
    status: AffiliateStatus | None = None,
) -> Page[Partner]:
    """A page of the program's partners, newest first. Raises InvalidRequest."""
    enrolled = select(Partner).where(Partner.program_id == program.id)
    if status is not None:
        enrolled = enrolled.where(Partner.status.in_(stored_of_affiliate_status(status)))
    return load_page(session, enrolled, Partner.id, *ids.PARTNER_PREFIXES, limit=limit, starting_after=starting_after)


def find_partner(session: Session, program: Program, public_id: str, *, to_change: bool = True) -> Partner:
    """The program's partner with this `aff_…` or `par_…` id, locked unless `to_change` is false. Raises NotFound."""
    partner = get_partner(session, [program.organization_id], public_id, to_change=to_change)
    if partner.program_id != program.id:
        raise NotFound.of("partner", public_id, where=" in this program")
    return partner


def make_move(session: Session, partner: Partner, move: Move) -> bool:
    """Approve, pause or ban a partner; its commissions do not change.

    The first approval stamps the program's present terms; later ones keep the terms the partner has.

    Returns:
        Whether anything changed.

    Raises:
        Conflict: `status_refused`: a banned partner cannot be paused.
    """
    status = STATUS_AFTER[move]
    if partner.status in stored_of_affiliate_status(status):
        return False
    if status == "paused" and partner.status == "banned":
        raise Conflict("the partner is banned, so it cannot be paused; approve it first", code="status_refused")
    enrollment.change_status(session, partner, status)
    return True


def load_totals(
    session: Session, program: Program, partner_ids: Sequence[UUID], *, livemode: bool
) -> dict[UUID, list[Sums]]:
    """All live or test money that each of these partners ever earned; partners without earnings have no entry."""
    return sums.of_partners(
        session, program.organization_id, program.id, program.time_zone, partner_ids, livemode=livemode
    )
