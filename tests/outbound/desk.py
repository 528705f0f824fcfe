"""A merchant's endpoints, facts for them, and a sender in this process."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import db, ids, sealing
from app.config import Settings
from app.outbox import outbox
from app.outbox.models import OutboundAttempt, OutboundDelivery, OutboundEndpoint
from app.outbox.outbox import Fact
from tests.cast import Merchant
from worker.outbound.sender import Sender

SECRET = "whsec_" + base64.b64encode(b"a signing secret of these tests.").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret before the rotation..").decode()
_numbers = count(1)


@dataclass
class Desk:
    """`recorded`: the public ids of the messages that were recorded."""

    merchant: Merchant
    settings: Settings
    sender: Sender = field(init=False)

    def __post_init__(self) -> None:
        self.sender = Sender(self.settings)

    def opens(self, url: str, **columns: Any) -> UUID:
        """An endpoint for everything at this URL."""
        values = {"events": ["*"], "secret_encrypted": sealing.seal(SECRET, self.settings), **columns}
        endpoint = OutboundEndpoint(
            id=ids.new(), organization_id=self.merchant.organization_id, livemode=False, url=url, **values
        )
        with db.transaction() as session:
            session.add(endpoint)
        return endpoint.id

    def records(self, number: int = 1, data: Mapping[str, Any] | None = None, **fact: Any) -> None:
        """So many facts, each in a transaction of its own."""
        for _ in range(number):
            with db.transaction() as session:
                self.records_in(session, data, **fact)

    def records_in(self, session: Session, data: Mapping[str, Any] | None = None, **fact: Any) -> None:
        """A fact in this transaction."""
        given = {"id": f"com_{next(_numbers)}", **(data or {})}
        made = Fact("commission.accrued", given, datetime.now(UTC), **fact)
        outbox.record(
            session,
            organization_id=self.merchant.organization_id,
            livemode=False,
            types=("commission.accrued",),
            facts=lambda _asked_for: [made],
            partner_ids=[made.partner_id] if made.partner_id else [],
        )

    def sends(self) -> None:
        """Send until nothing is due."""
        while self.sender.work(60):
            pass

    def endpoint(self, endpoint_id: UUID) -> OutboundEndpoint:
        with db.transaction() as session:
            return session.get_one(OutboundEndpoint, endpoint_id)

    def deliveries(self) -> Sequence[OutboundDelivery]:
        with db.transaction() as session:
            return session.scalars(select(OutboundDelivery).order_by(OutboundDelivery.id)).all()

    def attempts(self, endpoint_id: UUID | None = None) -> Sequence[OutboundAttempt]:
        of_one = select(OutboundDelivery.id).where(OutboundDelivery.endpoint_id == endpoint_id)
        query = select(OutboundAttempt).order_by(OutboundAttempt.id)
        with db.transaction() as session:
            return session.scalars(
                query if endpoint_id is None else query.where(OutboundAttempt.delivery_id.in_(of_one))
            ).all()


def let_the_wait_pass() -> None:
    """Make due what waits, and end the leases."""
    with db.transaction() as session:
        session.execute(text("UPDATE outbound_deliveries SET next_attempt_at = now() WHERE state = 'pending'"))


def let_it_have_failed_for(time: timedelta) -> None:
    """Let every endpoint have failed for so long."""
    with db.transaction() as session:
        session.execute(text("UPDATE outbound_endpoints SET failing_since = now() - :time"), {"time": time})
