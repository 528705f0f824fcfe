"""One attempt of a delivery: the request, and what came of it."""

import time
from datetime import UTC, datetime

from app import sealing
from app.config import Settings
from app.errors import AddressRefused, CallFailed
from app.outbound import addresses, postbacks
from app.outbox.sending import Attempt, ClaimedDelivery
from worker.outbound import calls, signing
from worker.outbound.calls import Answer


def make(delivery: ClaimedDelivery, settings: Settings) -> Attempt:
    """Send the message once. Every failure of the receiver is in the result.

    Raises:
        ConfigurationError: the endpoint's secret cannot be decrypted.
    """
    started_at, started = datetime.now(UTC), time.monotonic()
    answer: Answer | None = None
    try:
        answer = _send(delivery, settings, started_at)
        problem = answer.problem
    except (AddressRefused, CallFailed) as failed:
        problem = failed.problem
    return Attempt(
        attempted_at=started_at,
        duration_ms=round((time.monotonic() - started) * 1000),
        status_code=None if answer is None else answer.status,
        problem=problem,
        answer=None if answer is None else answer.body_start,
    )


def _send(delivery: ClaimedDelivery, settings: Settings, now: datetime) -> Answer:
    allow_private = settings.outbound_allow_private
    if delivery.postback is not None:
        url = postbacks.fill(delivery.url, {**delivery.postback, "message_id": delivery.message_id})
        return calls.call(addresses.parse(url, allow_private=allow_private), "GET", allow_private=allow_private)
    target = addresses.parse(delivery.url, allow_private=allow_private)
    secrets = [sealing.unseal(secret, settings) for secret in delivery.secrets]
    headers = signing.headers(delivery.message_id, delivery.body, secrets=secrets, now=now)
    return calls.call(target, "POST", headers=headers, body=delivery.body, allow_private=allow_private)
