"""Tokens of sign-in links and sessions: random, and stored as a digest only."""

import hashlib
import secrets
from typing import Final

RANDOM_BYTES: Final = 32


def new() -> str:
    """A new token, which can stand in an address and in a cookie."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def digest(token: str) -> str:
    """The SHA-256 of a token. It has 256 random bits, so a fast hash is enough, as for API keys."""
    return hashlib.sha256(token.encode()).hexdigest()
