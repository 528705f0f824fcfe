"""Lists a partner's own commissions, in an affiliate's transaction."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.commissions import queries, views
from app.commissions.models import Commission, Conversion
from app.organizations.permissions import Caller
from app.paging import Page
from app.partners.partner_side.enrollments import get_own_partner, require_access

OwnRow = Row[Commission, Conversion | None, str, str]
"""A commission with its conversion, its program's name and its partner's code."""


def load_page(
    session: Session, caller: Caller, query: queries.ListQuery, partner_id: str | None = None
) -> Page[OwnRow]:
    """The caller's commissions in all its enrollments, or in that of `partner_id`. Raises NotFound, Forbidden."""
    if partner_id is None:
        require_access(session, caller)
    partner = None if partner_id is None else get_own_partner(session, caller, partner_id)
    return queries.list_own_commissions(session, replace(query, partner=partner))


def commission_bodies(_session: Session, rows: Sequence[OwnRow]) -> list[views.CommissionBody]:
    """The commissions as their partner sees them, without the merchant's payments."""
    return [views.commission_body(commission, sale, None, *names) for commission, sale, *names in rows]
