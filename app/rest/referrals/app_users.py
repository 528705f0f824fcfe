"""Access of app users: identifies them by client key and session token, and opens transactions of their merchant."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from flask import request
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import Unauthenticated
from app.http import configured
from app.organizations import stored_responses
from app.organizations.actors import AppUser
from app.referrals import client_keys


def identify() -> AppUser:
    """The app user of the present request; adds the client key's id to all further log lines of the request.

    Raises:
        Unauthenticated: there is no client key or session token, or one of them is not valid.
    """
    client_key = request.headers.get("X-Api-Key", "").strip()
    if not client_key:
        raise Unauthenticated("send the client key: `X-Api-Key: rfk_…`")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("send a session token: `Authorization: Bearer …`")
    with db.web_transaction() as session:
        app_user = client_keys.authenticate(session, client_key, token.strip(), configured.settings())
    structlog.contextvars.bind_contextvars(key_id=ids.encode(ids.CLIENT_KEY, app_user.key_id))
    return app_user


@contextmanager
def transaction(app_user: AppUser) -> Iterator[Session]:
    """A transaction in which row-level security shows only the app user's merchant, in the mode of the client key.

    For a request with an `Idempotency-Key` it joins the transaction that stores the answer.
    """
    with stored_responses.transaction() as session:
        db.narrow_to_organizations(session, app_user.organization_ids, livemode=app_user.livemode)
        yield session
