"""Verifies that a body was signed by Stripe, and recently.

Written out, because the web process needs nothing else of Stripe's library, which takes 6 MB (decision 0039).
"""

import hmac
import re
from collections.abc import Sequence
from typing import Final

from app.errors import InvalidSignature

TOLERANCE_SECONDS: Final = 300
_SECONDS = re.compile(r"[0-9]{1,12}")


def verify(body: str, header: str | None, secrets: Sequence[str], *, now_seconds: float) -> None:
    """Check that any of `secrets` signed `body` within 300 seconds before or after now.

    While a secret is rotated, Stripe signs with both, so a v1 signature by any of them is accepted.

    Raises:
        InvalidSignature: the body is unsigned, signed with another secret, too old, or from the future.

    Source: Stripe, "Verify webhook signatures manually". It leaves open whether a time in the future is accepted.
    """
    if header is None or not header.isascii():  # other characters cannot be compared in constant time
        raise InvalidSignature("The Stripe-Signature header is missing or malformed.")
    items = [item.strip().partition("=") for item in header.split(",")]
    signed_at = _signed_at([value for name, _, value in items if name == "t"])
    if abs(now_seconds - int(signed_at)) > TOLERANCE_SECONDS:
        raise InvalidSignature("The signature's timestamp is more than 300 seconds away from this server's clock.")
    signatures = [value for name, _, value in items if name == "v1"]
    signed = f"{signed_at}.{body}".encode()
    for secret in filter(str.strip, secrets):  # anyone could sign with an empty one
        expected = hmac.digest(secret.encode(), signed, "sha256").hex()
        if any(hmac.compare_digest(expected, signature) for signature in signatures):
            return
    raise InvalidSignature("No signature matches a signing secret of this endpoint.")


def _signed_at(times: Sequence[str]) -> str:
    """The time of the signature, as it was signed. Two times are refused: the checked one must be the signed one."""
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        raise InvalidSignature("The Stripe-Signature header is missing or malformed.")
    return times[0]
