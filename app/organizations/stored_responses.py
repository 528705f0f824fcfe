"""Stored responses to requests with an `Idempotency-Key`, kept for a day.

A response is stored in the transaction of its changes, so it is stored exactly if they are committed. Secrets in it are
null.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from hashlib import sha256
from typing import Final, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Index, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import db, jobs
from app.errors import Conflict, InvalidRequest
from app.immutable import immutable

HEADER: Final = "Idempotency-Key"
USABLE: Final = re.compile(r"[!-~]{1,255}", re.ASCII)
KEPT_FOR: Final = timedelta(hours=24)

Response = TypeVar("Response")

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


class Requester(Protocol):
    """Who sends a request: a caller with an API key, or an app user."""

    @property
    def organization_ids(self) -> tuple[UUID, ...]:
        """The organizations whose rows it may see; the first one owns the stored response."""

    @property
    def livemode(self) -> bool:
        """The mode of its key."""

    @property
    def identity(self) -> str:
        """A text that no other requester has."""


def once(
    caller: Requester,
    identity: RequestIdentity,
    execute: Callable[[], Response],
    stored_form: Callable[[Response], tuple[int, str]],
) -> Response | StoredResponse:
    """The stored response to this request; else the response of `execute`, which is then stored.

    If `execute` raises, nothing has happened and nothing is stored. Jobs are woken after the commit.

    Args:
        caller: the requester; responses stored for another one are never used, so live and test stay separate.
        identity: the request.
        execute: executes the request; transactions that it opens by `transaction` join the one opened here.
        stored_form: the status and the JSON of a response, with null for secrets.

    Raises:
        Conflict: `idempotency_conflict`: the key was used before with another body.
    """
    with jobs.wakes_delayed(), db.web_transaction() as session:
        db.narrow_to_organizations(session, caller.organization_ids, livemode=caller.livemode)
        lock_key(session, identity)
        first = load_response(session, identity)
        if first is not None:
            return _same_request(first, identity)
        with joining(session):
            response = execute()
        # The request may have narrowed the session to other organizations.
        db.narrow_to_organizations(session, caller.organization_ids, livemode=caller.livemode)
        status, text_of_response = stored_form(response)
        insert_response(session, identity, status=status, response=text_of_response)
        return response


def _same_request(first: StoredResponse, identity: RequestIdentity) -> StoredResponse:
    if first.body != identity.body:
        message = f"{HEADER} was used before with another request; use a new key"
        raise Conflict(message, code="idempotency_conflict", param=HEADER)
    return first


def identify(caller: Requester, path: str, key: str, body: bytes) -> RequestIdentity:
    """What identifies a request with an `Idempotency-Key`.

    Args:
        caller: the requester.
        path: the path of the request, without its query.
        key: the value of `Idempotency-Key`.
        body: a digest of the query and the body.

    Raises:
        InvalidRequest: the key does not have 1 to 255 visible ASCII characters.
    """
    if not USABLE.fullmatch(key):
        raise InvalidRequest(f"{HEADER} must have 1 to 255 visible ASCII characters", param=HEADER)
    request = digest(caller.identity, path, key)
    return RequestIdentity(caller.organization_ids[0], caller.livemode, request, body)


def json_digest(query: str, body: str | bytes) -> bytes:
    """A digest of a query and a JSON body; bodies that differ only in spaces and the order of fields have the same."""
    try:
        text = json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        text = body.decode("latin-1") if isinstance(body, bytes) else body
    return digest(query, text)


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
