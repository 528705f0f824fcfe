"""Visitors: they follow partners' links, and the session of that stands where the merchant's server puts it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app import direct, ids
from app.touchpoints import recording
from app.touchpoints.recording import Touch
from tests.cast import Merchant
from tests.stripe_stories.facts import Event, Purchase

SESSION = "5f2c9a0b1d3e4f60"


@dataclass
class Visitor:
    """A visitor with a session that follows partners' links."""

    merchant: Merchant
    session_id: str = SESSION
    program_of: dict[str, UUID] = field(default_factory=dict)

    def follows(self, code: str, at: int, **ago: float) -> UUID:
        """Follow a partner's link before `at` (Unix seconds): `visitor.follows("ada", sale.paid_at, days=3)`."""
        touch = Touch(
            id=ids.new(),
            organization_id=self.merchant.organization_id,
            program_id=self.program_of.get(code, self.merchant.program_id),
            partner_id=self.merchant.partners[code],
            code=code,
            session_id=self.session_id,
            source="link",
            touched_at=datetime.fromtimestamp(at, UTC) - timedelta(**ago),
        )
        with direct.connection() as connection:
            recording.insert_touchpoint(connection, touch)
        return touch.id


def with_session(purchase: Purchase, session_id: str = SESSION) -> Purchase:
    """The purchase, with the session beside every partner's name on its documents and on a mark of its own."""
    for event in purchase.events:
        _add(event["data"]["object"], session_id)
    return purchase


def name_session(event: Event, session_id: str = SESSION, **also: str) -> Event:
    """The event, its document's metadata naming the session."""
    event["data"]["object"]["metadata"] = {**also, "affiliate_session_id": session_id}
    return event


def _add(document: object, session_id: str) -> None:
    if isinstance(document, dict):
        if isinstance(document.get("metadata"), dict) and document["metadata"].get("affiliate_id"):
            document["metadata"]["affiliate_session_id"] = session_id
        for value in document.values():
            _add(value, session_id)
    elif isinstance(document, list):
        for value in document:
            _add(value, session_id)
