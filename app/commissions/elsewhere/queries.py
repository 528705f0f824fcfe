"""Finding opening balances, newest first."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere.models import OpeningBalance
from app.errors import NotFound
from app.organizations.permissions import Caller
from app.paging import Page, load_page, owned_by
from app.partners.models import Partner
from app.partners.partner_side.enrollments import get_own_partner, require_access


def get(session: Session, public_id: str) -> OpeningBalance:
    """The opening balance with this `opb_…` id, among those that the transaction sees. Raises NotFound."""
    key = ids.decode(public_id, ids.OPENING_BALANCE)
    balance = session.get(OpeningBalance, key) if key else None
    if balance is None:
        raise NotFound.of("opening balance", public_id)
    return balance


def list_owned(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    livemode: bool,
    limit: int,
    starting_after: str | None = None,
    partner: Partner | None = None,
) -> Page[OpeningBalance]:
    """A page of these organizations' opening balances, of all partners or of one. Raises InvalidRequest."""
    mode = OpeningBalance.livemode == livemode
    matching = select(OpeningBalance).where(owned_by(OpeningBalance.organization_id, organization_ids), mode)
    return _page(session, _of(matching, partner), limit, starting_after)


def list_own(
    session: Session, caller: Caller, *, limit: int, starting_after: str | None = None, partner_id: str | None = None
) -> Page[OpeningBalance]:
    """A page of the caller's own, in an affiliate's transaction: in all its enrollments, or in that of `partner_id`.

    Raises:
        InvalidRequest: `starting_after` is not in the list.
        NotFound: it has no such enrollment.
        Forbidden: `enrollment_ended`.
    """
    if partner_id is None:
        require_access(session, caller)
    partner = None if partner_id is None else get_own_partner(session, caller, partner_id)
    matching = select(OpeningBalance).where(OpeningBalance.livemode == caller.livemode)
    return _page(session, _of(matching, partner), limit, starting_after)


def _of(matching: Select[OpeningBalance], partner: Partner | None) -> Select[OpeningBalance]:
    return matching if partner is None else matching.where(OpeningBalance.partner_id == partner.id)


def _page(
    session: Session, matching: Select[OpeningBalance], limit: int, starting_after: str | None
) -> Page[OpeningBalance]:
    prefix = ids.OPENING_BALANCE
    return load_page(session, matching, OpeningBalance.id, prefix, limit=limit, starting_after=starting_after)
