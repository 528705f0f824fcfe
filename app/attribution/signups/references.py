"""References in evidence to users of the merchant's own system, and to customer sign-ups. Pure."""

from typing import Final
from uuid import UUID

USER: Final = "user:"
"""Prefix of a reference to a user: the id in the merchant's own system follows."""
SIGN_UP: Final = "signup:"
"""Prefix of a reference to one sign-up: its UUID follows."""


def to_user(customer_id: str) -> str:
    """The reference to a user: `user:17`."""
    return f"{USER}{customer_id}"


def to_sign_up(signup_id: UUID) -> str:
    """The reference to one sign-up."""
    return f"{SIGN_UP}{signup_id}"


def sign_up_in(reference: str) -> UUID | None:
    """The sign-up of a reference; None for other references."""
    return UUID(reference.removeprefix(SIGN_UP)) if reference.startswith(SIGN_UP) else None
