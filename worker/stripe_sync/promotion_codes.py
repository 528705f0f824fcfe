"""Makes promotion codes in Stripe for partners, and gives them to the partners; runs in the process that asks Stripe.

A claim is committed before Stripe is called, and what Stripe answers is stored with the claim's lease. After a crash
between the two the code is due again when the claim ends: it is looked for among the coupon's codes, and else made
under the same idempotency key, so Stripe makes one code.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import structlog
from stripe import StripeClient

from app import db, ids
from app.attribution.promotions import requested
from app.attribution.promotions.requested import ClaimedRequest
from app.commissions.by_hand import promotion_credit
from app.commissions.settling.settlement import Cause
from app.errors import LeaseLost, StripeForbidden, StripeMissing, StripeProblem, StripeRefused, StripeUnavailable
from app.organizations import actors
from app.partners.models import Partner
from app.stripe_sync import api_keys
from worker import retries
from worker.inbox import drain
from worker.stripe_sync import client

METADATA: Final = "accrual_promotion_code"
"""The key of the promotion code's metadata that names our row."""
PAGES: Final = 10
FORBIDDEN_WAIT_SECONDS: Final = 3600
"""How long after Stripe refused our API key, which a person must mend, Stripe is asked again."""

log = structlog.get_logger(__name__)


def work_slice(slice_seconds: float) -> bool:
    """Make due codes until none is left or the time slice ends; returns whether more may be due."""
    deadline = time.monotonic() + slice_seconds
    while do_next():
        if drain.stop_requested.is_set() or time.monotonic() > deadline:
            return True
    return False


def do_next() -> bool:
    """Claim the code that is due longest, and make it. False if none is due."""
    with db.transaction() as session:
        request = requested.claim(session)
    if request is None:
        return False
    try:
        _work(request)
    except StripeUnavailable as failure:
        _postpone(request, failure.problem, failure.retry_after_seconds)
    except (StripeRefused, StripeMissing) as failure:
        _refuse(request, failure)
    except StripeProblem as failure:
        _postpone(request, failure.problem, FORBIDDEN_WAIT_SECONDS)
    except LeaseLost:
        log.info("promotion_code_lease_lost", request_id=str(request.id))
    except Exception as failure:
        if retries.action_after(failure) is retries.FailureAction.GIVE_UP:
            raise
        _postpone(request, {"problem": "answer_not_stored", "cause": retries.problem(failure)}, None)
    return True


def _work(request: ClaimedRequest) -> None:
    """Make the code, or find the one an earlier attempt made; then give it to the partner, in one transaction."""
    stripe = _client(request)
    made = _find(stripe, request) if request.attempts > 1 else None
    document = made or _make(stripe, request)
    promotion_code, code = str(document["id"]), str(document["code"])
    with db.transaction() as session:
        partner = session.get_one(Partner, request.partner_id)
        cause = Cause(f"promotion_code:{ids.encode(ids.PROMOTION_REQUEST, request.id)}", datetime.now(UTC))
        named = f"promotion_code:{promotion_code}"
        promotion_credit.give(session, actors.CLOCK, partner, named, cause, livemode=request.livemode)
        requested.store_made(session, request, promotion_code=promotion_code, code=code)
    log.info("promotion_code_created", request_id=str(request.id), promotion_code=promotion_code)


def _client(request: ClaimedRequest) -> StripeClient:
    with db.transaction() as session:
        key = api_keys.find(session, request.organization_id, livemode=request.livemode)
    if key is None:
        raise StripeForbidden("no_live_key" if request.livemode else "no_test_key")
    return client.client(key, base=api_keys.api_base())


def _make(stripe: StripeClient, request: ClaimedRequest) -> Mapping[str, Any]:
    optional = {
        "code": request.code,
        "max_redemptions": request.max_redemptions,
        "expires_at": int(request.expires_at.timestamp()) if request.expires_at else None,
    }
    params = {
        "promotion": {"type": "coupon", "coupon": request.coupon},
        "metadata": {METADATA: str(request.id)},
        **{name: value for name, value in optional.items() if value is not None},
    }
    key = f"promotion-code-{request.id}"
    return _checked(client.post(stripe, "/v1/promotion_codes", params, idempotency_key=key).document)


def _find(stripe: StripeClient, request: ClaimedRequest) -> Mapping[str, Any] | None:
    """The code that an earlier attempt made although its answer was lost; None if there is none."""
    narrowed = {"coupon": request.coupon} if request.code is None else {"code": request.code}
    for page in islice(client.pages(stripe, "/v1/promotion_codes", narrowed, tries=1), PAGES):
        for document in page.document["data"]:
            if (document.get("metadata") or {}).get(METADATA) == str(request.id):
                return _checked(document)
    return None


def _checked(document: Mapping[str, Any]) -> Mapping[str, Any]:
    if not document.get("id") or not document.get("code"):
        raise StripeUnavailable("stripe_not_json")
    return document


def _refuse(request: ClaimedRequest, failure: StripeProblem) -> None:
    try:
        with db.transaction() as session:
            requested.store_refused(session, request, failure.problem)
    except LeaseLost:
        return
    log.warning("promotion_code_refused", request_id=str(request.id), **failure.problem)


def _postpone(request: ClaimedRequest, problem: Mapping[str, Any], wait_seconds: float | None) -> None:
    try:
        with db.transaction() as session:
            requested.postpone(session, request, problem, wait_seconds=wait_seconds)
    except LeaseLost:
        return
    log.warning("promotion_code_postponed", request_id=str(request.id), **problem)
