"""What a visitor's browser remembers of a partner's link: the signed value of the owner's cookie. Pure."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from app.immutable import immutable
from app.touchpoints.recording import SESSION

SEPARATOR: Final = "."
"""Stands in no code and in no session."""
LONGEST: Final = 700
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
_PURPOSE: Final = b"what a visitor's browser remembers"


@immutable
class Memory:
    """The partner's code and the session of a visitor's last touch.

    Attributes:
        code: the partner's code as stored.
        session_id: "" if the touch had no session.
        touched_at: to the millisecond.
    """

    code: str
    session_id: str
    touched_at: datetime


def cookie_name(organization_id: UUID) -> str:
    """The name of an owner's cookie, so that merchants who share a server do not share what browsers remember."""
    return f"aff_memory_{organization_id.hex[-12:]}"


def write(memory: Memory, organization_id: UUID, program_id: UUID, secret: str) -> str:
    """The cookie's value: `<code>.<session>.<milliseconds since 1970>.<signature>`, for this owner and program only."""
    text = SEPARATOR.join((memory.code, memory.session_id, str((memory.touched_at - EPOCH) // MILLISECOND)))
    return f"{text}{SEPARATOR}{_signature(text, organization_id, program_id, secret)}"


def read(
    value: str | None, organization_id: UUID, program_id: UUID, secrets: Sequence[str], *, oldest: datetime
) -> Memory | None:
    """What a cookie's value remembers; None if it was not signed for this owner and program, or is older than `oldest`.

    Args:
        value: as the browser sent it.
        organization_id: the owner.
        program_id: the program.
        secrets: the secret keys of this server; any of them may have signed it.
        oldest: the beginning of the program's window.
    """
    text, _, signature = (value or "")[:LONGEST].rpartition(SEPARATOR)
    if not text or not signature.isascii():
        return None
    signed = [_signature(text, organization_id, program_id, secret) for secret in secrets]
    if not any(hmac.compare_digest(one, signature) for one in signed):
        return None
    code, session_id, milliseconds = text.split(SEPARATOR)
    memory = Memory(code, session_id, EPOCH + int(milliseconds) * MILLISECOND)
    return memory if memory.touched_at >= oldest else None


def touched(before: Memory | None, code: str, session_id: str | None, now: datetime) -> Memory:
    """What is remembered after a touch: the session is the touch's, else that of the same code, never another's."""
    folded = (session_id or "").strip().lower()
    if not SESSION.fullmatch(folded):
        folded = before.session_id if before is not None and before.code == code else ""
    return Memory(code, folded, now)


def oldest_in(window_days: int, now: datetime) -> datetime:
    """The beginning of a program's window."""
    return now - timedelta(days=window_days)


def _signature(text: str, organization_id: UUID, program_id: UUID, secret: str) -> str:
    signed = f"{organization_id}{SEPARATOR}{program_id}{SEPARATOR}{text}"
    digest = hmac.digest(_key(secret), signed.encode(errors="replace"), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSE, "sha256")
