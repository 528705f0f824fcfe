"""The merchant's desk: what people do by hand, and paying partners out."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import db, ids
from app.commissions.decisions import decisions
from app.commissions.decisions.decisions import CLOCK, Decision
from app.commissions.settling import rows
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.ledger import posting
from app.ledger.positions import Line
from app.ledger.posting import Entry
from app.organizations import keys
from app.payments import objects
from app.stripe_events.scope import Scope
from tests.cast import Merchant

Body = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """A caller with a manage key."""

    client: FlaskClient
    merchant: Merchant
    key_id: str
    headers: dict[str, str]

    def partner(self, code: str | None) -> str | None:
        return ids.encode(ids.PARTNER, self.merchant.partners[code]) if code else None

    def credits(self, stripe_id: str, code: str | None, **more: Any) -> TestResponse:
        """Credit the payment of an invoice or PaymentIntent by hand."""
        body = {"partner_id": self.partner(code), "reason": "she told us", **more}
        path = f"/api/v1/payments/{payment_id(stripe_id)}/attribution"
        return self.client.post(path, json=body, headers=self.headers)

    def credits_customer(self, customer: str, code: str | None, **more: Any) -> TestResponse:
        """Credit all that a customer pays by hand."""
        body = {"partner_id": self.partner(code), "reason": "she told us", **more}
        return self.client.post(f"/api/v1/customers/{customer}/attribution", json=body, headers=self.headers)

    def sees(self, **query: Any) -> list[Body]:
        """Payments as they are listed."""
        answer = self.client.get("/api/v1/payments", query_string=query, headers=self.headers)
        assert answer.json is not None
        return list(answer.json["data"])

    def explains(self, stripe_id: str) -> str:
        path = f"/api/v1/payments/{payment_id(stripe_id)}/explanation"
        answer = self.client.get(path, headers=self.headers)
        assert answer.json is not None
        return "\n".join(answer.json["sentences"])


def open_desk(client: FlaskClient, merchant: Merchant) -> Desk:
    with db.transaction() as session:
        key, plaintext = keys.create_key(session, merchant.organization_id, name="desk", level="manage")
    return Desk(client, merchant, ids.encode(ids.API_KEY, key.id), {"Authorization": f"Bearer {plaintext}"})


def payment_id(stripe_id: str) -> str:
    """The public id of the payment that an invoice or PaymentIntent is the key of."""
    with db.transaction() as session:
        found = session.scalars(
            text("SELECT id FROM payments WHERE key IN (:invoice, :intent)"),
            {"invoice": f"invoice:{stripe_id}", "intent": f"pi:{stripe_id}"},
        ).one()
        return ids.encode(ids.PAYMENT, found)


def pay_out(merchant: Merchant, stripe_id: str, *, is_confirmed: bool = True) -> None:
    """Approve what a payment earned, and pay it or leave it on its way."""
    now = datetime.now(UTC)
    payment = ids.decode(payment_id(stripe_id), ids.PAYMENT)
    assert payment is not None
    with db.transaction() as session:
        scope = Scope(merchant.organization_id, "", livemode=False)
        decisions.insert(session, scope, [Decision(payment, "approved", CLOCK, now, now)])
        settle_objects(session, scope, objects.lock(session, scope, [stripe_id]), Cause("job:clock", now))
        (conversion,) = rows.load_conversions(session, [payment]).values()
        for commission in rows.load_commissions(session, [conversion.id])[conversion.id]:
            due_minor = commission.position.payable_minor
            moves = [("partner_payable", "payout_clearing"), ("payout_clearing", "partner_paid")]
            for source, target in moves if is_confirmed else moves[:1]:
                lines = [Line(source, due_minor), Line(target, -due_minor)]
                position, number = commission.position.after(lines), commission.entry_count + 1
                commission = replace(commission, position=position, entry_count=number)  # noqa: PLW2901  (as it stands after)
                posting.post(session, merchant.organization_id, [_entry(commission, lines, now)], livemode=False)
            rows.insert_and_update(session, scope, [], [commission])


def _entry(commission: rows.CommissionRow, lines: list[Line], now: datetime) -> Entry:
    return Entry(
        key=f"{ids.encode(ids.COMMISSION, commission.id)}:{commission.entry_count}",
        kind="adjustment",
        program_id=commission.program_id,
        partner_id=commission.partner_id,
        partner_organization_id=None,
        currency=commission.currency,
        parts=[(commission.id, lines)],
        occurred_at=now,
        cause="job:payout",
        details={"reason": "paid"},
    )
