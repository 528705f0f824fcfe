"""What a partner requests of its account at Stripe."""

from uuid import uuid4

from tests.api.conftest import Caller

from .conftest import ACCOUNT, LINK, Work

CREATE = "POST /v1/accounts"
MAKE_LINK = "POST /v1/account_links"


def account_of(caller: Caller) -> dict[str, object]:
    return caller.get(ACCOUNT).json


def opened(caller: Caller, work: Work, **body: str) -> str:
    """The Stripe id of the account that the caller has requested."""
    assert caller.post(ACCOUNT, body).status_code == 201
    work()
    return str(account_of(caller)["stripe_account_id"])


def request_link(caller: Caller) -> None:
    """Request a link, and do not wait for it."""
    key = {"Idempotency-Key": uuid4().hex}
    assert caller.call("POST", LINK, key, json={}).status_code == 201


def linked(caller: Caller, work: Work) -> str:
    """The link that the caller gets once Stripe was asked."""
    request_link(caller)
    work()
    return str(caller.post(LINK, {}).json["url"])
