"""A partner's own payouts, in an affiliate's transaction: row-level security hides all others."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import NotFound
from app.organizations.permissions import Caller
from app.paging import HasMore, Page, load_page
from app.partners.models import Partner
from app.partners.partner_side import enrollments
from app.partners.validation import OPEN
from app.payouts.models import Payout
from app.payouts.showing.views import PayoutBody
from app.payouts.transitions import PayoutStatus
from app.views import Snake


class OwnPayoutPage(Snake):
    """A page of your payouts."""

    data: list[PayoutBody]
    has_more: HasMore


def list_own(
    session: Session,
    caller: Caller,
    *,
    limit: int,
    starting_after: str | None = None,
    status: PayoutStatus | None = None,
    program_id: str | None = None,
) -> Page[Payout]:
    """A page of the caller's payouts in its key's mode, newest first.

    Raises:
        InvalidRequest: `starting_after` is not in the list.
        NotFound: it is not enrolled in the program.
        Forbidden: `enrollment_ended`.
    """
    enrollments.require_access(session, caller)
    matching = _own(caller)
    if program_id is not None:
        partner, _ = enrollments.get_enrollment(session, caller, program_id)
        matching = matching.where(Payout.partner_id == partner.id)
    if status is not None:
        # The bare status would lead to the partial index of all payouts under way; the partner's is wanted.
        matching = matching.where(func.lower(Payout.status) == status)
    return load_page(session, matching, Payout.id, ids.PAYOUT, limit=limit, starting_after=starting_after)


def get_own(session: Session, caller: Caller, public_id: str) -> Payout:
    """The caller's payout with this `pyt_…` id. Raises NotFound, Forbidden `enrollment_ended`."""
    enrollments.require_access(session, caller)
    payout = session.scalar(_own(caller).where(Payout.id == ids.decode(public_id, ids.PAYOUT)))
    if payout is None:
        raise NotFound.of("payout", public_id)
    return payout


def _own(caller: Caller) -> Select[Payout]:
    enrolled = select(Partner.id).where(
        Partner.partner_organization_id == caller.organization_id, Partner.status.in_(OPEN)
    )
    return select(Payout).where(Payout.partner_id.in_(enrolled), Payout.livemode == caller.livemode)
