"""What receivers of webhooks get, by event type: the models of the OpenAPI document's `webhooks`."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, create_model

from app.commissions.views import CommissionBody, ConversionBody
from app.outbox.event_types import EventType
from app.partners.managing.outbound_facts import PartnerMessage
from app.payments.views import PaymentBody
from app.payouts.showing.views import PayoutBody
from app.statements.views import StatementSummary
from app.stripe_events.views import EventBody
from app.views import Instant, Snake


class CommissionMessage(CommissionBody):
    """A commission as it was then."""

    sequence: int = Field(
        description="Counts the messages about this commission, from 1: of two messages the one with the higher number "
        "is the later one."
    )


DATA: Final[Mapping[EventType, type[BaseModel]]] = {
    "partner.applied": PartnerMessage,
    "partner.invited": PartnerMessage,
    "partner.activated": PartnerMessage,
    "partner.paused": PartnerMessage,
    "partner.banned": PartnerMessage,
    "partner.updated": PartnerMessage,
    "conversion.created": ConversionBody,
    "conversion.approved": ConversionBody,
    "conversion.rejected": ConversionBody,
    "commission.accrued": CommissionMessage,
    "commission.adjusted": CommissionMessage,
    "commission.approved": CommissionMessage,
    "commission.reversed": CommissionMessage,
    "commission.paid": CommissionMessage,
    "payment.unattributed": PaymentBody,
    "event.parked": EventBody,
    "payout.requested": PayoutBody,
    "payout.sent": PayoutBody,
    "payout.paid": PayoutBody,
    "payout.failed": PayoutBody,
    "payout.returned": PayoutBody,
    "statement.closed": StatementSummary,
}
"""The model of `data` for each event type."""
DESCRIPTIONS: Final[Mapping[EventType, str]] = {
    "partner.applied": "A partner signed up by itself and waits for approval.",
    "partner.invited": "A partner was added or invited.",
    "partner.activated": "A partner became active: it was approved, or it accepted an invitation.",
    "partner.paused": "A partner was paused.",
    "partner.banned": "A partner was banned.",
    "partner.updated": "A partner changed: its profile, code, rate, address or status.",
    "conversion.created": "A payment was credited to a partner and earns a commission.",
    "conversion.approved": "The commission of the credited partner became payable.",
    "conversion.rejected": "It is worth nothing any more: a person rejected it, or all of its money was returned.",
    "commission.accrued": "A commission was earned.",
    "commission.adjusted": "A commission has another amount, or is on hold again.",
    "commission.approved": "A commission became payable.",
    "commission.reversed": "A commission is worth nothing any more.",
    "commission.paid": "A commission was paid.",
    "payment.unattributed": "A payment is credited to no partner.",
    "event.parked": "An event of Stripe could not be processed; a person must look at it.",
    "payout.requested": "A payout by the method `external` was reserved: your system makes it, then confirms it.",
    "payout.sent": "A payout left, in a file or by a transfer.",
    "payout.paid": "A payout was paid.",
    "payout.failed": "A payout failed; what was in it is payable again.",
    "payout.returned": "A paid payout came back, all of it or a part.",
    "statement.closed": "A statement of a partner's month was closed; it never changes.",
}


class Message(Snake):
    """What every message has."""

    id: str = Field(
        examples=["msg_01h455vb4pex5vsknk084sn02q"],
        description="The header `webhook-id`, the same at every attempt: process a message with a known id only once.",
    )
    type: str
    timestamp: Instant = Field(description="When it happened.")
    livemode: bool | None = Field(description="The mode of the money; null in messages about partners.")
    backfill: bool = Field(description="Whether a backfill found it.")


@cache
def message_of(event_type: EventType) -> type[BaseModel]:
    """The model of a whole message of this type."""
    name = "".join(word.capitalize() for word in event_type.split("."))
    fields: dict[str, Any] = {"type": (Literal[event_type], ...), "data": (DATA[event_type], ...)}
    return create_model(f"{name}Message", __base__=Message, __doc__=DESCRIPTIONS[event_type], **fields)


MESSAGES: Final[Mapping[str, Callable[[], type[BaseModel]]]] = {
    event_type: partial(message_of, event_type) for event_type in DATA
}
