"""Payments and commissions; the page of each is its explanation."""

from typing import Annotated, Final

from flask import Response
from sqlalchemy.orm import Session

from app.commissions import queries as commissions_queries
from app.commissions import views as commission_views
from app.commissions.queries import ListQuery
from app.explanations import explain
from app.explanations.views import PaymentExplanation
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Dated, asked, blueprint, links
from app.pages.signed_in import SignedIn
from app.paging import Numbered
from app.partners.queries.listing import get_partner
from app.payments import queries, views
from app.views import OneOf

OF_PAYMENTS: Final = (
    *("accrued", "adjusted", "unattributed", "unknown_code", "outside_window", "self_referral", "partner_inactive"),
    *("program_inactive", "cap_reached", "zero_base", "currency_mismatch", "out_of_band", "waiting", "kind_mismatch"),
    *("not_captured", "merged", "rejected", "held", "before_cutoff"),
)
"""The outcomes that a payment may have, among those of events."""

OutcomeCode = Annotated[str, OneOf(OF_PAYMENTS)]


class PaymentQuery(Dated):
    """A filter of payments."""

    outcome: OutcomeCode | None = None
    attributed: bool | None = None
    conflict: bool | None = None


class CommissionQuery(Dated):
    """A filter of commissions."""

    status: commission_views.CommissionStatus | None = None
    partner: str | None = None


@blueprint.get("/payments")
@signed_in.page("payments:read")
def payments(session: Session, who: SignedIn) -> Response:
    """Payments, newest first, with their outcome and partner."""
    query = asked(PaymentQuery)
    page = queries.list_payments(
        session,
        who.caller.organization_ids,
        queries.PaymentFilter(who.caller.livemode, query.outcome, query.attributed, query.conflict, query.span),
        Numbered(starting_after=query.starting_after),
        limit=ROWS,
    )
    rows = [views.payment_body(row) for row in page.rows]
    return layout.render(
        "console/payments.html",
        who,
        asked=query,
        outcomes=OF_PAYMENTS,
        rows=rows,
        credited=commissions_queries.load_credited(session, [row.id for row in rows]),
        links=links(rows, has_more=page.has_more),
    )


@blueprint.get("/payments/<payment_id>")
@signed_in.page("payments:read")
def payment(session: Session, who: SignedIn, payment_id: str) -> Response:
    """What each partner earned on a payment, or why it earned nothing."""
    return _explained(who, explain.explain_payment(session, payment_id))


@blueprint.get("/commissions")
@signed_in.page("commissions:read")
def commissions(session: Session, who: SignedIn) -> Response:
    """Commissions, newest first."""
    query, owners = asked(CommissionQuery), who.caller.organization_ids
    selected = ListQuery(
        ROWS,
        who.caller.livemode,
        starting_after=query.starting_after,
        status=query.status,
        partner=get_partner(session, owners, query.partner) if query.partner else None,
        paid=query.span,
    )
    page = commissions_queries.list_commissions(session, owners, selected)
    rows = commission_views.commission_bodies(session, page.rows)
    return layout.render(
        "console/commissions.html",
        who,
        asked=query,
        rows=rows,
        links=links(rows, has_more=page.has_more),
    )


@blueprint.get("/commissions/<commission_id>")
@signed_in.page("commissions:read")
def commission(session: Session, who: SignedIn, commission_id: str) -> Response:
    """A commission with its calculation and every entry of the ledger."""
    return _explained(who, explain.explain_commission(session, commission_id), commission_id)


def _explained(who: SignedIn, explained: PaymentExplanation, commission_id: str | None = None) -> Response:
    return layout.render(
        "console/explanation.html", who, zone=explained.time_zone, shown=explained, commission_id=commission_id
    )
