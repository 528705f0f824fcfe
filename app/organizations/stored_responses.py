"""First answers, kept a day for requests that carry an `Idempotency-Key`: in the transaction that did what they say.

So an answer is kept exactly if what it tells of happened, whatever crashes when. Secrets are blanked in what is kept.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import Index, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import db

KEPT: Final = timedelta(hours=24)

_joined: ContextVar[Session | None] = ContextVar("joined", default=None)


class KeptAnswer(db.Base):
    """What a request was answered.

    Attributes:
        request: digest of who asked, under which key, where.
        body: digest of what was asked.
        answer: the answer's JSON, secrets blanked.
    """

    __tablename__ = "kept_answers"
    __table_args__ = (Index("ix_kept_answers_created_at", "created_at"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    request: Mapped[bytes] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    status: Mapped[int]
    answer: Mapped[str]
    created_at: Mapped[db.CreatedAt]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is to be answered once.

    Attributes:
        organization_id: whose answer it is.
        request: digest of the asking key's id, the path and the `Idempotency-Key`.
        body: digest of the query and the body.
    """

    organization_id: UUID
    request: bytes
    body: bytes


def digest(*parts: str) -> bytes:
    """One fingerprint of several texts, which no other division of the same letters has."""
    return sha256(json.dumps(parts).encode()).digest()


def lock_key(session: Session, asked: Asked) -> None:
    """Hold the request's lock until the transaction ends; whoever asks the same meanwhile waits here."""
    number = int.from_bytes(asked.request[:8], signed=True)
    session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def find(session: Session, asked: Asked) -> KeptAnswer | None:
    """What the request was answered within the last day, to whatever body; None if it was not."""
    return session.scalar(
        select(KeptAnswer).where(
            KeptAnswer.organization_id == asked.organization_id,
            KeptAnswer.request == asked.request,
            KeptAnswer.created_at > func.now() - KEPT,
        )
    )


def keep(session: Session, asked: Asked, *, status: int, answer: str) -> None:
    """Keep the answer, in the place of one whose day is over."""
    fresh = {"body": asked.body, "status": status, "answer": answer, "created_at": func.now()}
    mine = {"organization_id": asked.organization_id, "request": asked.request}
    session.execute(
        insert(KeptAnswer)
        .values(**mine, **fresh)
        .on_conflict_do_update(index_elements=["organization_id", "request"], set_=fresh)
    )


def forget_old(session: Session) -> None:
    """Remove the answers whose day is over."""
    session.execute(delete(KeptAnswer).where(KeptAnswer.created_at <= func.now() - KEPT))


@contextmanager
def joining(session: Session) -> Iterator[None]:
    """Inside, whoever opens a transaction for this request takes part in `session`'s instead."""
    token = _joined.set(session)
    try:
        yield
    finally:
        _joined.reset(token)


@contextmanager
def transaction() -> Iterator[Session]:
    """A transaction; or, inside `joining`, a part of the request's that an exception takes back alone."""
    joined = _joined.get()
    if joined is None:
        with db.web_transaction() as session:
            yield session
    else:
        with joined.begin_nested():
            yield joined
