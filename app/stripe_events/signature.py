"""Verifies that a body was signed by Stripe, and recently."""

import re
from collections.abc import Sequence
from typing import Final

from stripe import SignatureVerificationError, WebhookSignature

from app.errors import InvalidSignature

TOLERANCE_SECONDS: Final = 300
_SECONDS = re.compile(r"[0-9]{1,12}")


def verify(body: str, header: str | None, secrets: Sequence[str], *, now_seconds: float) -> None:
    """Check that any of `secrets` signed `body` within 300 seconds before or after now.

    While a secret is rotated, Stripe signs with both, so a v1 signature by any of them is accepted.

    Raises:
        InvalidSignature: the body is unsigned, signed with another secret, too old, or from the future.

    Source: Stripe, "Verify webhook signatures manually". The library accepts any future timestamp; we do not.
    """
    if header is None or not header.isascii():  # the library cannot compare other characters
        raise InvalidSignature("The Stripe-Signature header is missing or malformed.")
    if abs(now_seconds - _signed_at_seconds(header)) > TOLERANCE_SECONDS:
        raise InvalidSignature("The signature's timestamp is more than 300 seconds away from this server's clock.")
    for secret in secrets:
        try:
            WebhookSignature.verify_header(body, header, secret)
        except SignatureVerificationError:
            continue
        return
    raise InvalidSignature("No signature matches a signing secret of this endpoint.")


def _signed_at_seconds(header: str) -> int:
    """The time in the header. Two times are refused, since the checked one could differ from the signed one."""
    items = [item.strip().partition("=") for item in header.split(",")]
    times = [value for name, _, value in items if name.strip() == "t"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        raise InvalidSignature("The Stripe-Signature header is missing or malformed.")
    return int(times[0])
