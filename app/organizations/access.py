"""Access of API requests: identifies the caller by its key, and opens transactions that see only the caller's rows."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import Forbidden, InvalidRequest, Unauthenticated
from app.organizations import keys, stored_responses
from app.organizations.permissions import PARTNER_SIDE, Caller


def identify(authorization: str | None) -> Caller:
    """The caller of an `Authorization` header; adds the key's id to all further log lines of the request.

    Runs in a separate transaction, because a key has to be found before the transaction is limited to its rows.

    Raises:
        Unauthenticated: there is no bearer key, or it is unknown or revoked.
    """
    scheme, _, plaintext = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not plaintext.strip():
        raise Unauthenticated("send an API key: `Authorization: Bearer aff_…`")
    with db.web_transaction() as session:
        caller = keys.authenticate(session, plaintext.strip())
    assert caller.key_id is not None
    structlog.contextvars.bind_contextvars(key_id=ids.encode(ids.API_KEY, caller.key_id))
    return caller


def identify_agent(authorization: str | None) -> Caller:
    """As `identify`, for an agent that uses the key over MCP: its actions are marked in the audit trail."""
    return dataclasses.replace(identify(authorization), is_agent=True)


def demand(caller: Caller, permission: str) -> None:
    """Refuse a caller whose key's level or scopes do not allow `permission`. Raises Forbidden."""
    if not caller.may(permission):
        if caller.kind == "affiliate" and permission not in PARTNER_SIDE:
            raise Forbidden(f"an affiliate's key cannot have {permission}, with any level and scopes")
        raise Forbidden(
            f"this key does not have {permission}; use a manage key without scopes, or a key with that scope"
        )


def mode_of(caller: Caller, requested: bool | None) -> bool:
    """The mode a request works in: its key's.

    Raises:
        InvalidRequest: the request names the other mode in `livemode`.
    """
    if requested not in (None, caller.livemode):
        kind, other = ("live", "test") if caller.livemode else ("test", "live")
        raise InvalidRequest(
            f"livemode is {str(requested).lower()}, but this is a {kind} key; "
            f"do not send livemode, or use a {other} key",
            param="livemode",
        )
    return caller.livemode


@contextmanager
def transaction(caller: Caller) -> Iterator[Session]:
    """A transaction in which row-level security shows only the caller's organizations, and money of its key's mode.

    For a request with an `Idempotency-Key` it joins the transaction that stores the answer.
    """
    with stored_responses.transaction() as session:
        db.narrow_to_organizations(session, caller.organization_ids, livemode=caller.livemode)
        yield session


@contextmanager
def affiliate_transaction(caller: Caller) -> Iterator[Session]:
    """A read-only transaction in which row-level security shows what the caller's organization sees as a partner."""
    with stored_responses.transaction() as session:
        db.narrow_to_affiliate(session, caller.organization_id, livemode=caller.livemode)
        yield session


@contextmanager
def open_transaction() -> Iterator[Session]:
    """A transaction as `accrual_entry`, for the few requests that are authorized by a token instead of a key."""
    with stored_responses.transaction() as session:
        db.widen(session)
        yield session
