"""The body of a message as its receivers get it."""

from typing import Any

import orjson

from app import ids
from app.outbox.models import OutboundMessage
from app.views import instant_text


def contents_of(message: OutboundMessage) -> dict[str, Any]:
    """The body as JSON values."""
    return {
        "id": ids.encode(ids.OUTBOUND_MESSAGE, message.id),
        "type": message.type,
        "timestamp": instant_text(message.occurred_at),
        "livemode": message.livemode,
        "backfill": message.is_backfill,
        "data": message.data,
    }


def body_of(message: OutboundMessage) -> bytes:
    """The JSON that is signed and sent. It is the same bytes at every attempt, to every endpoint."""
    return orjson.dumps(contents_of(message), option=orjson.OPT_SORT_KEYS)
