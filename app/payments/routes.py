"""Payments, also those that earned nobody anything."""

from flask import Response, g

from app.api.surfaces import answer, needs, surface
from app.organizations import access
from app.payments import listing, shapes

api = surface("Payments", __name__, "Movements of money, whatever Stripe calls them.")


@api.get("/api/v1/payments", security=needs("payments:read"), responses={"200": shapes.PaymentPage})
def list_payments(query: shapes.PaymentQuery) -> Response:
    """Payments, newest first; `attributed=false` finds money no partner is credited with."""
    with access.transaction(g.caller) as session:
        payments = listing.list_payments(
            session,
            g.caller.organization_ids,
            query,
            limit=query.limit,
            outcome=query.outcome,
            attributed=query.attributed,
            conflict=query.conflict,
        )
        data = [shapes.payment_body(payment) for payment in payments]
    return answer(shapes.PaymentPage(data=data, page=query.page, limit=query.limit))
