"""Stored responses to requests with an `Idempotency-Key`, kept for a day.

A response is stored in the transaction of its changes, so it is stored exactly if they are committed. Secrets in it are
null.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import Index, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import db
from app.immutable import immutable

KEPT_FOR: Final = timedelta(hours=24)

_joined: ContextVar[Session | None] = ContextVar("joined", default=None)


class StoredResponse(db.Base):
    """The stored response to a request.

    Attributes:
        request: digest of the caller's key, the path and the `Idempotency-Key`.
        body: digest of the query and the body.
        response: the JSON of it, with null for secrets.
    """

    __tablename__ = "stored_responses"
    __table_args__ = (Index("ix_stored_responses_created_at", "created_at"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    request: Mapped[bytes] = mapped_column(primary_key=True)
    livemode: Mapped[bool]
    body: Mapped[bytes]
    status: Mapped[int]
    response: Mapped[str]
    created_at: Mapped[db.CreatedAt]


@immutable
class RequestIdentity:
    """Identifies a request with an `Idempotency-Key`.

    Attributes:
        organization_id: the owner of the stored response.
        livemode: the mode of the caller's key.
        request: digest of the caller's key, the path and the `Idempotency-Key`.
        body: digest of the query and the body.
    """

    organization_id: UUID
    livemode: bool
    request: bytes
    body: bytes


def digest(*parts: str) -> bytes:
    """A digest of several texts, which also depends on how the text is divided."""
    return sha256(json.dumps(parts).encode()).digest()


def lock_key(session: Session, identity: RequestIdentity) -> None:
    """Lock the request until the end of the transaction; the same request in another transaction waits here."""
    number = int.from_bytes(identity.request[:8], signed=True)
    session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def load_response(session: Session, identity: RequestIdentity) -> StoredResponse | None:
    """The stored response of the last day to this request, with any body; None if there is none."""
    return session.scalar(
        select(StoredResponse).where(
            StoredResponse.organization_id == identity.organization_id,
            StoredResponse.request == identity.request,
            StoredResponse.created_at > func.now() - KEPT_FOR,
        )
    )


def insert_response(session: Session, identity: RequestIdentity, *, status: int, response: str) -> None:
    """Store a response; it replaces an expired one."""
    content = {"body": identity.body, "status": status, "response": response}
    fresh = {**content, "livemode": identity.livemode, "created_at": func.now()}
    mine = {"organization_id": identity.organization_id, "request": identity.request}
    session.execute(
        insert(StoredResponse)
        .values(**mine, **fresh)
        .on_conflict_do_update(index_elements=["organization_id", "request"], set_=fresh)
    )


def delete_expired(session: Session) -> None:
    """Delete the responses that are older than a day."""
    session.execute(delete(StoredResponse).where(StoredResponse.created_at <= func.now() - KEPT_FOR))


@contextmanager
def joining(session: Session) -> Iterator[None]:
    """Let `transaction` join `session` inside the block, instead of opening a new transaction."""
    token = _joined.set(session)
    try:
        yield
    finally:
        _joined.reset(token)


def is_joining() -> bool:
    """Whether `transaction` joins another one now, so that nothing is committed before the response is made."""
    return _joined.get() is not None


@contextmanager
def transaction() -> Iterator[Session]:
    """A new transaction; inside `joining` a savepoint of the joined one, which an exception rolls back alone."""
    joined = _joined.get()
    if joined is None:
        with db.web_transaction() as session:
            yield session
    else:
        with joined.begin_nested():
            yield joined
