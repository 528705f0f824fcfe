"""Partners: the list, and a partner with its terms, codes, statements, payouts and balance."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import Response
from pydantic import Field
from sqlalchemy.orm import Session

from app.attribution.promotions import owners
from app.commissions import queries as commissions_queries
from app.commissions import views as commission_views
from app.commissions.by_hand.promotion_views import promotion_body
from app.commissions.queries import ListQuery
from app.errors import NotFound
from app.explanations import customers as customer_notes
from app.explanations import partners as explanations
from app.organizations import access
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Dated, Day, Listing, asked, begin_of, blueprint, links
from app.pages.signed_in import SignedIn
from app.partners import views
from app.partners.figures import past_balances
from app.partners.joining.applications import views as application_views
from app.partners.models import Partner
from app.partners.queries import listing
from app.partners.terms.views import SnapshotBody, load_snapshot_body
from app.partners.validation import PartnerStatus, stored_of_partner_status
from app.payouts.partner_methods import views as method_views
from app.payouts.showing import queries as payout_queries
from app.payouts.showing.views import payout_body
from app.programs.models import Program
from app.statements import queries as statement_queries
from app.statements import views as statement_views
from app.views import Request

LATEST = 10
"""Rows of each list on a partner's page; the lists themselves have all."""


class PartnerQuery(Dated):
    """A filter of partners."""

    status: PartnerStatus | None = None
    search: str | None = Field(default=None, max_length=200)


class BalanceQuery(Request):
    """The end of the day of a balance; None: now."""

    on: Day | None = None


@blueprint.get("/partners")
@signed_in.page("partners:read")
def partners(session: Session, who: SignedIn) -> Response:
    """Partners, newest first."""
    query = asked(PartnerQuery)
    page = listing.list_partners(
        session,
        who.caller.organization_ids,
        limit=ROWS,
        starting_after=query.starting_after,
        statuses=stored_of_partner_status(query.status) if query.status else None,
        search=query.search,
        added=query.span,
    )
    rows = views.load_partner_bodies(session, page.rows)
    return layout.render(
        "console/partners.html",
        who,
        asked=query,
        rows=rows,
        links=links(rows, has_more=page.has_more),
    )


@blueprint.get("/partners/<partner_id>")
@signed_in.page("partners:read")
def partner(session: Session, who: SignedIn, partner_id: str) -> Response:
    """One partner: terms with their history, codes, and for those who may read money what it earned and was paid."""
    found = listing.get_partner(session, who.caller.organization_ids, partner_id)
    state = explanations.state_of(session, found)
    livemode = who.caller.livemode
    promotions = owners.given_to(session, found.id, livemode=livemode, limit=ROWS)
    money = _money(session, found, livemode=livemode) if who.caller.may("commissions:read") else {}
    paid = _payouts(session, found, livemode=livemode) if who.caller.may("payouts:read") else {}
    return layout.render(
        "console/partner.html",
        who,
        zone=state.program_time_zone,
        shown=views.load_partner_with_stats(session, found, livemode=livemode),
        state=state,
        story=list(explanations.sentences_of(state)),
        terms=_terms(session, found),
        application=application_views.load_application(session, found),
        promotions=[promotion_body(row) for row in promotions.rows],
        **money,
        **paid,
    )


@blueprint.get("/partners/<partner_id>/customers")
@signed_in.page("payments:read")
def customers(session: Session, who: SignedIn, partner_id: str) -> Response:
    """The customers that are credited to a partner now, the newest first."""
    query, found = asked(Listing), listing.get_partner(session, who.caller.organization_ids, partner_id)
    page = customer_notes.list_credited(
        session, found, livemode=who.caller.livemode, limit=ROWS, starting_after=query.starting_after
    )
    rows = [customer_notes.binding_note(session, row) for row in page.rows]
    return layout.render(
        "console/partners/customers.html",
        who,
        partner_id=partner_id,
        name=found.full_name or found.slug,
        rows=rows,
        links=links(rows, has_more=page.has_more),
    )


@blueprint.get("/partners/<partner_id>/balance")
@signed_in.page("commissions:read")
def balance(session: Session, who: SignedIn, partner_id: str) -> Response:
    """A partner's balance in each currency at the end of a day, or now."""
    query = asked(BalanceQuery)
    at = None if query.on is None else begin_of(query.on + timedelta(days=1))
    at = None if at is None or at > datetime.now(UTC) else at
    found = listing.get_partner(session, who.caller.organization_ids, partner_id)
    shown = past_balances.load_of_partner(partial(access.transaction, who.caller), who.caller, partner_id, at)
    return layout.render("console/balance.html", who, asked=query, code=found.slug, partner_id=partner_id, shown=shown)


def _terms(session: Session, found: Partner) -> SnapshotBody | None:
    """None for a partner that was never active."""
    try:
        return load_snapshot_body(session, found)
    except NotFound:
        return None


def _money(session: Session, found: Partner, *, livemode: bool) -> dict[str, Any]:
    """Its newest commissions and statements."""
    latest = commissions_queries.list_commissions(
        session, [found.organization_id], ListQuery(LATEST, livemode, partner=found)
    )
    closed = statement_queries.list_statements(session, [found.id], livemode=livemode, limit=LATEST)
    running = statement_queries.load_previews(session, found, livemode=livemode)
    return {
        "commissions": commission_views.commission_bodies(session, latest.rows),
        "statements": statement_views.statement_page(closed, running),
    }


def _payouts(session: Session, found: Partner, *, livemode: bool) -> dict[str, Any]:
    """How it is paid, and its newest payouts."""
    program = session.get_one(Program, found.program_id)
    query = payout_queries.PayoutQuery(LATEST, livemode, partner_id=found.id)
    page = payout_queries.list_payouts(session, program, query)
    return {
        "method": method_views.load_body(session, found, livemode=livemode),
        "payouts": [payout_body(row) for row in page.rows],
    }
