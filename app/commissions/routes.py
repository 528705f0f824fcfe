"""Conversions, commissions, and where each amount comes from."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Response, g
from sqlalchemy.orm import Session

from app import ids
from app.api.errors import ErrorBody
from app.api.surfaces import answer, needs, surface
from app.commissions import approval, explain, explain_event, listing, shapes
from app.commissions.cases import Cause
from app.commissions.explain import Explanation
from app.commissions.explain_event import EventStory
from app.commissions.explanations import PaymentExplanation
from app.commissions.models import Conversion
from app.errors import NotFound
from app.organizations import access, audit
from app.partners.listing import get_partner
from app.partners.own import get_own_partner
from app.stripe_events.listing import get_event
from app.stripe_events.shapes import EventPath

api = surface("Commissions", __name__, "What a payment is worth to whom, and why.")


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/conversions/<conversion_id>/approve",
    security=needs("conversions:write"),
    responses={"200": shapes.ConversionBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def approve_conversion(path: shapes.ConversionPath, body: shapes.Approval) -> Response:
    """Make what a conversion earns payable now, on every level; also one that was rejected."""
    return _decided(
        path,
        "conversion.approved",
        lambda session, conversion, by: approval.approve(
            session, conversion, by=by, decided_by=_key(), reason=body.reason, force=body.force
        ),
    )


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/conversions/<conversion_id>/reject",
    security=needs("conversions:write"),
    responses={"200": shapes.ConversionBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def reject_conversion(path: shapes.ConversionPath, body: shapes.Rejection) -> Response:
    """Take back what a conversion earned, on every level; nothing brings it back but an approval."""
    return _decided(
        path,
        "conversion.rejected",
        lambda session, conversion, by: approval.reject(
            session, conversion, by=by, decided_by=_key(), reason=body.reason
        ),
    )


@api.get("/api/v1/commissions", security=needs("commissions:read"), responses={"200": shapes.CommissionPage})
@api.get(
    "/commissions",
    security=needs("commissions:read"),
    responses={"200": shapes.CommissionPage},
    endpoint="list_commissions_without_prefix",
)
def list_commissions(query: shapes.CommissionQuery) -> Response:
    """Commissions, newest first."""
    return _commissions(query, partner_id=None)


@api.get(
    "/api/v1/partners/<partner_id>/commissions",
    security=needs("commissions:read"),
    responses={"200": shapes.CommissionPage, "404": ErrorBody},
)
@api.get(
    "/partners/<partner_id>/commissions",
    security=needs("commissions:read"),
    responses={"200": shapes.CommissionPage, "404": ErrorBody},
    endpoint="list_commissions_of_partner_without_prefix",
)
def list_commissions_of_partner(path: shapes.PartnerPath, query: shapes.CommissionQuery) -> Response:
    """One partner's commissions, newest first; also for that partner's own key."""
    try:
        return _commissions(query, partner_id=path.partner_id)
    except NotFound:
        return _own_commissions(query, path.partner_id)


@api.get(
    "/api/v1/commissions/<commission_id>/explanation",
    security=needs("commissions:read"),
    responses={"200": PaymentExplanation, "404": ErrorBody},
)
def explain_commission(path: shapes.CommissionPath) -> Response:
    """Where a commission comes from: event, carrier, terms, base, rate, rounding, every entry."""
    with access.transaction(g.caller) as session:
        return answer(explain.explain_commission(session, path.commission_id))


@api.get(
    "/api/v1/payments/<payment_id>/explanation",
    security=needs("payments:read"),
    responses={"200": PaymentExplanation, "404": ErrorBody},
)
def explain_payment(path: shapes.PaymentPath) -> Response:
    """What a payment earned whom; for one that earned nothing, the same up to where it stopped."""
    with access.transaction(g.caller) as session:
        return answer(explain.explain_payment(session, path.payment_id))


@api.get(
    "/api/v1/explanations",
    security=needs("commissions:read"),
    responses={"200": Explanation, "404": ErrorBody},
)
def explain_any_id(query: shapes.ExplanationQuery) -> Response:
    """Everything known of an id: ours, Stripe's, your own of a reported conversion, a partner's code or address."""
    with access.transaction(g.caller) as session:
        return answer(explain.explanation_of(session, query.id))


@api.get("/api/v1/events/<event_id>", security=needs("events:read"), responses={"200": EventStory, "404": ErrorBody})
def tell_event(path: EventPath) -> Response:
    """An event's story: how it was worked, how it ended, and what it moved for keys that may read commissions."""
    with access.transaction(g.caller) as session:
        event = get_event(session, g.caller.organization_ids, path.event_id)
        return answer(explain_event.tell_event(session, event, with_money=g.caller.may("commissions:read")))


def _decided(
    path: shapes.ConversionPath, action: str, decide: Callable[[Session, Conversion, Cause], None]
) -> Response:
    with access.transaction(g.caller) as session:
        conversion = listing.get_conversion(
            session, g.caller.organization_ids, path.conversion_id, program_id=path.program_id
        )
        decide(session, conversion, Cause(f"request:{g.request_id}", datetime.now(UTC)))
        owner = conversion.organization_id
        audit.record(session, g.caller, action, path.conversion_id, organization_id=owner)
        session.expire_all()
        return answer(shapes.conversion_body(*listing.with_commission(session, conversion)))


def _key() -> str:
    return ids.encode(ids.API_KEY, g.caller.key_id)


def _own_commissions(query: shapes.CommissionQuery, partner_id: str) -> Response:
    """The commissions of the caller's own enrollment."""
    with access.affiliate_transaction(g.caller) as session:
        partner = get_own_partner(session, g.caller, partner_id)
        wanted = listing.Selection(
            limit=query.limit, starting_after=query.starting_after, status=query.status, partner=partner
        )
        rows = listing.list_own_commissions(session, wanted)
        return answer(shapes.CommissionPage(commissions=[shapes.commission_body(*row) for row in rows]))


def _commissions(query: shapes.CommissionQuery, partner_id: str | None) -> Response:
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, partner_id) if partner_id is not None else None
        wanted = listing.Selection(
            limit=query.limit, starting_after=query.starting_after, status=query.status, partner=partner
        )
        rows = listing.list_commissions(session, g.caller.organization_ids, wanted)
        return answer(shapes.CommissionPage(commissions=[shapes.commission_body(*row) for row in rows]))
