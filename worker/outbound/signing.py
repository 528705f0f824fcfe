"""The headers of a webhook by the Standard Webhooks specification."""

from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook


def headers(message_id: str, body: bytes, *, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers that identify and sign a message.

    Args:
        secrets: the endpoint's signing secrets (`whsec_…`), the newest first; after a rotation there are two, and a
            receiver accepts the message if one of the signatures is by the secret it knows.
        now: the time of this attempt, which is signed too.
    """
    signatures = [Webhook(secret).sign(message_id, now, body.decode()) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
