"""Tools for what no other system shows: explanations, unattributed money, attribution by hand, what waits."""

from app.commissions.by_hand import assign, views
from app.explanations import explain
from app.explanations.explain import Explanation
from app.mcp.calls import Call
from app.organizations import access
from app.partners.queries.listing import get_partner
from app.payments import queries
from app.payments.views import PaymentPage, payment_body
from app.payments.waiting import views as waiting_views
from app.payments.waiting import waiting_list
from app.rest.ledger import attribution_requests, requests


def explain_any_id(call: Call, query: requests.ExplanationQuery) -> Explanation:
    """Explain any id in sentences: why a commission has its amount, or why a payment earned nothing."""
    with access.transaction(call.caller) as session:
        return explain.explanation_of(session, query.id)


def list_unattributed(call: Call, query: requests.UnattributedQuery) -> PaymentPage:
    """List payments that no partner is credited with, newest first, each with the reason."""
    caller = call.caller
    with access.transaction(caller) as session:
        selected = queries.PaymentFilter(caller.livemode, query.outcome, attributed=False, paid=query.span)
        page = queries.list_payments(session, caller.organization_ids, selected, query, limit=query.limit)
        data = [payment_body(payment) for payment in page.rows]
        return PaymentPage(data=data, page=query.page, limit=query.limit, has_more=page.has_more)


def attribute(
    call: Call, path: requests.PaymentPath, body: attribution_requests.PaymentAssignment
) -> views.PaymentAssigned:
    """Credit a payment to a partner, or to none (null), with a reason; stronger than all evidence."""
    with access.transaction(call.caller) as session:
        payment = queries.get_payment(session, call.caller.organization_ids, path.payment_id)
        partner = None
        if body.partner_id is not None:
            partner = get_partner(session, [payment.organization_id], body.partner_id)
        order = assign.Order(
            partner_id=partner.id if partner else None,
            reason=body.reason.strip(),
            moves_paid=body.include_paid,
            cause=call.cause(),
        )
        assigned = assign.assign_payment(session, call.caller, payment, order, is_forced=body.force)
        session.refresh(payment)
        shown = payment_body(payment)
        return views.PaymentAssigned(payment=shown, partner_id=body.partner_id, changed=assigned.is_new)


def list_waiting(call: Call, query: requests.WaitingQuery) -> waiting_views.WaitingPage:
    """List events, payments and customers about which Stripe data is still missing, newest first."""
    caller = call.caller
    with access.transaction(caller) as session:
        page = waiting_list.list_waiting(
            session,
            caller.organization_ids,
            livemode=caller.livemode,
            limit=query.limit,
            page=query.page,
            starting_after=query.starting_after,
        )
        data = [waiting_views.waiting_body(row) for row in page.rows]
        return waiting_views.WaitingPage(data=data, page=query.page, limit=query.limit, has_more=page.has_more)
