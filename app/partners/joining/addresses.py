"""E-mail addresses as they are compared to find out whether a customer is its own partner.

Customers' addresses are never stored, only marks of them: two marks are equal where the addresses are. The salt is the
organization's, made once and never changed, so marks stay comparable however often the secret key is replaced.
"""

import hmac
from base64 import urlsafe_b64encode
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.organizations.models import Organization

LONGEST: Final = 320
"""Characters of an address. Source: RFC 5321, 4.5.3.1: 64 before the @, 255 behind it."""
MARK_BYTES: Final = 16


def fold(address: object) -> str:
    """The address in lower case, without what stands behind a `+` in front of the `@`; "" for what is no address.

    Example: `fold("Jane+shop@Example.com") == "jane@example.com"`.
    """
    if not isinstance(address, str) or len(address) > LONGEST or not address.isprintable():
        return ""
    name, separator, domain = address.strip().lower().rpartition("@")
    own = name.partition("+")[0] or name
    return f"{own}@{domain}" if separator and own and domain else ""


def mark(salt: UUID, address: object) -> str:
    """What is kept of an address: 22 characters that cannot be turned back into it; "" for what is no address."""
    folded = fold(address)
    if not folded:
        return ""
    digest = hmac.digest(salt.bytes, folded.encode(), "sha256")
    return urlsafe_b64encode(digest[:MARK_BYTES]).decode().rstrip("=")


def salt_of(session: Session, organization_id: UUID) -> UUID:
    """What the organization's customers' addresses are marked with."""
    return session.scalars(select(Organization.email_salt).where(Organization.id == organization_id)).one()
