"""Marks (salted hashes) of e-mail addresses, compared to detect a customer that is its own partner.

Customers' addresses are never stored, only their marks: two marks are equal if the addresses are. The salt belongs to
the organization and never changes, so marks stay comparable after the secret key is replaced.
"""

import hmac
from base64 import urlsafe_b64encode
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.organizations.models import Organization

MAX_LENGTH: Final = 320
"""Characters of an address. Source: RFC 5321, 4.5.3.1: 64 before the @, 255 behind it."""
MARK_BYTES: Final = 16


def fold(address: object) -> str:
    """The address in lower case without a `+` suffix of its name; "" if it is not an address.

    Example: `fold("Jane+shop@Example.com") == "jane@example.com"`.
    """
    if not isinstance(address, str) or len(address) > MAX_LENGTH or not address.isprintable():
        return ""
    name, separator, domain = address.strip().lower().rpartition("@")
    base_name = name.partition("+")[0] or name
    return f"{base_name}@{domain}" if separator and base_name and domain else ""


def mark(salt: UUID, address: object) -> str:
    """The salted hash that is stored instead of an address, 22 characters; "" if it is not an address."""
    folded = fold(address)
    if not folded:
        return ""
    digest = hmac.digest(salt.bytes, folded.encode(), "sha256")
    return urlsafe_b64encode(digest[:MARK_BYTES]).decode().rstrip("=")


def load_salt(session: Session, organization_id: UUID) -> UUID:
    """The salt for marks of the addresses of this organization's customers."""
    return session.scalars(select(Organization.email_salt).where(Organization.id == organization_id)).one()
