"""The types of outbound events. Pure."""

from typing import Final, Literal, get_args

EventType = Literal[
    "partner.applied",
    "partner.invited",
    "partner.activated",
    "partner.paused",
    "partner.banned",
    "partner.updated",
    "conversion.created",
    "conversion.approved",
    "conversion.rejected",
    "commission.accrued",
    "commission.adjusted",
    "commission.approved",
    "commission.reversed",
    "commission.paid",
    "payment.unattributed",
    "event.parked",
    "payout.requested",
    "payout.sent",
    "payout.paid",
    "payout.failed",
    "payout.returned",
    "statement.closed",
]
EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
PARTNER_EVENTS: Final = tuple(
    name for name in EVENT_TYPES if name.startswith(("commission.", "conversion.", "payout."))
)
"""The types that are about one partner's money, which its postback URL can be called for."""
ALL: Final = "*"
"""In an endpoint's `events`: every type, also those that a later version adds."""
TEST: Final = "webhook.test"
"""The type of a test message. It is sent to the tested endpoint only, whatever events that asks for."""
