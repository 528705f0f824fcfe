"""Sign-ups and the sales of the users who signed up: what a merchant's server, its browsers and Stripe say of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from app import db
from app.commissions.reported import signups
from app.commissions.settling.settlement import Cause
from app.organizations import actors
from app.programs.models import Program
from app.signups import commands
from app.signups.commands import Registration
from tests.cast import Merchant
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Purchase

USER: Final = "u-17"
WAYS: Final = ("stripe_customer_id", "customer", "subscription", "session", "client_reference_id", "email")
"""How a Stripe customer is recognized: by its id, by the id of the user on these objects, by its address."""
_PLACES: Final = {
    "customer": "customer.created",
    "subscription": "customer.subscription.created",
    "session": "checkout.session.completed",
}


@dataclass
class Registry:
    """The merchant's server and its pages, which record sign-ups in its program."""

    merchant: Merchant

    def says(self, program_id: UUID | None = None, **stated: Any) -> UUID:
        """Record a sign-up: of `u-17` by the server, unless it says otherwise; `partner` is a code."""
        if partner := stated.pop("partner", None):
            stated["partner_id"] = self.merchant.partners[partner]
        now = datetime.now(UTC)
        stated = {"customer_id": USER, "occurred_at": now, "source": "server", **stated}
        with db.transaction() as session:
            program = session.get_one(Program, program_id or self.merchant.program_id)
            signup, _ = signups.sign_up(
                session, actors.CLI, program, Registration(**stated), Cause("request:r1", now), livemode=False
            )
            return signup.id

    def records(self, customer_id: str, *, partner: str, email: str, stripe_id: str) -> None:
        """The server states a user; nothing is settled yet."""
        partner_id, now = self.merchant.partners[partner], datetime.now(UTC)
        stated = Registration(
            customer_id, now, "server", partner_id=partner_id, email=email, stripe_customer_id=stripe_id
        )
        with db.transaction() as session:
            program = session.get_one(Program, self.merchant.program_id)
            commands.record(session, actors.CLI, program, stated, livemode=False, cause="request:r3")

    def claims(self, session_id: str, email: str, customer_id: str = USER) -> None:
        """A browser claims a user; nothing is settled yet."""
        stated = Registration(customer_id, datetime.now(UTC), "browser", session_id=session_id, email=email)
        with db.transaction() as session:
            program = session.get_one(Program, self.merchant.program_id)
            commands.record(session, actors.PUBLIC, program, stated, livemode=False, cause="request:r2")


def bought(cleo: Customer, way: str = "", *, email: str = "", user: str = USER) -> Purchase:
    """A subscription of a customer that is recognized in this way, with `customer.created` as its first event."""
    appeared, sale = cleo.appears(), cleo.subscribes()
    events = (appeared, *sale.events)
    for event in events:
        document = event["data"]["object"]
        if event["type"] == "customer.created":
            document["email"] = address_of(user) if way == "email" else email or None
        if event["type"] == _PLACES.get(way):
            document["metadata"] = {**(document.get("metadata") or {}), "user_id": user}
        if way == "client_reference_id" and event["type"] == "checkout.session.completed":
            document["client_reference_id"] = user
    return Purchase(**{**vars(sale), "events": events})


def stated_by(way: str, cleo: Customer, user: str = USER) -> dict[str, Any]:
    """What the sign-up must say to be recognized in this way."""
    stated: dict[str, Any] = {"customer_id": user}
    if way == "stripe_customer_id":
        stated["stripe_customer_id"] = cleo.id
    elif way == "email":
        stated["email"] = address_of(user).upper()
    return stated


def address_of(user: str) -> str:
    """The user's e-mail address."""
    return f"{user}@buyers.example"


def signed_up_at(sale: Purchase, *, days: float = 1) -> datetime:
    """Some days before the sale."""
    return datetime.fromtimestamp(sale.paid_at - days * 86_400, UTC)


def only(events: tuple[Event, ...], *types: str) -> list[Event]:
    """The events of these types."""
    return [event for event in events if event["type"] in types]
