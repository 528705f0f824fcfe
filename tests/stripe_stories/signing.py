"""Stripe's webhook signature, computed here a second time so that ours is not checked against itself."""

import hashlib
import hmac
import time


def signature_header(body: bytes, *secrets: str, at: float | None = None) -> str:
    """The `Stripe-Signature` of `body`: the time, and one `v1` for each secret.

    Source: Stripe, "Verify webhook signatures manually".
    """
    timestamp = int(time.time() if at is None else at)
    signed = f"{timestamp}.".encode() + body
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])
