"""Stripe's webhook signature, computed here a second time so that ours is not checked against itself."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterable

from flask.testing import FlaskClient

from .facts import Event


def signature_header(body: bytes, *secrets: str, at: float | None = None) -> str:
    """The `Stripe-Signature` of `body`: the time, and one `v1` for each secret.

    Source: Stripe, "Verify webhook signatures manually".
    """
    timestamp = int(time.time() if at is None else at)
    signed = f"{timestamp}.".encode() + body
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


def post_signed(client: FlaskClient, path: str, secret: str, events: Iterable[Event]) -> None:
    """Post events to an endpoint, signed with its secret; each must be acknowledged."""
    for event in events:
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": signature_header(body, secret)}
        assert client.post(path, data=body, headers=headers).status_code == 200
