"""Signs Stripe events and posts them as Stripe does."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any


def webhook_url(public_url: str, endpoint_id: str) -> str:
    """The address to which Stripe posts the events of the stored endpoint `whe_…`."""
    return f"{public_url}/webhooks/stripe/{endpoint_id}"


def post(url: str, secret: str, event: Mapping[str, Any]) -> tuple[int, Any]:
    """Sign `event` and post it to the webhook at `url`; returns the status and the JSON of the response."""
    from app.runtime import http_client

    body = json.dumps(event).encode()
    return http_client.call("POST", url, body, {"Stripe-Signature": sign(body, secret, at_seconds=int(time.time()))})


def sign(body: bytes, secret: str, *, at_seconds: int) -> str:
    """The `Stripe-Signature` header of `body`. Source: Stripe, "Verify webhook signatures manually"."""
    digest = hmac.new(secret.encode(), f"{at_seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_seconds},v1={digest}"
