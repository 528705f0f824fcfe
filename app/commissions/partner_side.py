"""Lists a partner's own commissions, in an affiliate's transaction."""

from dataclasses import replace

from sqlalchemy.orm import Session

from app.commissions import queries, views
from app.organizations.permissions import Caller
from app.partners.partner_side.enrollments import get_own_partner, require_access


def load_page(
    session: Session, caller: Caller, query: queries.ListQuery, partner_id: str | None = None
) -> views.CommissionPage:
    """The caller's commissions in all its enrollments, or in that of `partner_id`. Raises NotFound, Forbidden."""
    if partner_id is None:
        require_access(session, caller)
    partner = None if partner_id is None else get_own_partner(session, caller, partner_id)
    page = queries.list_own_commissions(session, replace(query, partner=partner))
    shown = [views.commission_body(commission, sale, None, *names) for commission, sale, *names in page.rows]
    return views.CommissionPage(commissions=shown, has_more=page.has_more)
