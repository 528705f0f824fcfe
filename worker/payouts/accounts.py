"""Asks Stripe to create partners' accounts and onboarding links, and what it requires of them; in the Stripe process.

A claim is committed before Stripe is called, and what Stripe answers is stored with the claim's lease. After a crash
between the two the account is due again when the claim ends: it is looked for among the platform's newest accounts, and
else created under the same idempotency key, so Stripe creates one account.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import structlog
from stripe import StripeClient

from app import db, sealing
from app.errors import LeaseLost, StripeForbidden, StripeProblem, StripeUnavailable
from app.partners import enrollment
from app.payments.facts import moment
from app.payouts.connect import accounts, agreements, states
from app.payouts.connect.accounts import ClaimedAccount
from app.payouts.connect.states import AccountState
from app.stripe_sync import api_keys
from worker import retries
from worker.inbox import drain
from worker.stripe_sync import client
from worker.stripe_sync.client import StripeResponse

CONTROLLER: Final[Mapping[str, Any]] = {
    "fees": {"payer": "application"},
    "losses": {"payments": "application"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "express"},
}
"""The platform pays the fees and bears losses; Stripe collects what it requires, on its own pages.

Source: Stripe API reference, "Create an account", `controller`; `type` is deprecated.
"""
METADATA: Final = "accrual_account"
"""The key of the account's metadata that names our row."""
PAGES: Final = 10
REFUSED_WAIT_SECONDS: Final = 3600
"""How long after a refusal, which a person must mend, Stripe is asked again."""

log = structlog.get_logger(__name__)


def work_slice(slice_seconds: float) -> bool:
    """Ask Stripe about due accounts until none is left or the time slice ends; returns whether more may be due."""
    deadline = time.monotonic() + slice_seconds
    while do_next():
        if drain.stop_requested.is_set() or time.monotonic() > deadline:
            return True
    return False


def do_next() -> bool:
    """Claim the account that is due longest, and do what it needs. False if none is due."""
    with db.transaction() as session:
        account = accounts.claim(session)
    if account is None:
        return False
    try:
        _work(account)
    except StripeUnavailable as failure:
        _postpone(account, failure.problem, failure.retry_after_seconds)
    except StripeProblem as failure:
        _postpone(account, failure.problem, REFUSED_WAIT_SECONDS)
    except LeaseLost:
        log.info("account_lease_lost", account_id=str(account.id))
    except Exception as failure:
        if retries.action_after(failure) is retries.FailureAction.GIVE_UP:
            raise
        _postpone(account, {"problem": "answer_not_stored", "cause": retries.problem(failure)}, None)
    return True


def _work(account: ClaimedAccount) -> None:
    """Create the account or fetch its state, then its link if one was requested. No transaction is open meanwhile."""
    stripe = _client(account)
    if account.stripe_account_id is None:
        stripe_account_id = _create(stripe, account)
    else:
        stripe_account_id = account.stripe_account_id
        _fetch(stripe, account, stripe_account_id)
    if account.wants_link:
        _make_link(stripe, account, stripe_account_id)
    with db.transaction() as session:
        accounts.finish(session, account)


def _client(account: ClaimedAccount) -> StripeClient:
    with db.transaction() as session:
        key = api_keys.find(session, account.organization_id, livemode=account.livemode)
    if key is None:
        raise StripeForbidden("no_live_key" if account.livemode else "no_test_key")
    return client.client(key, base=api_keys.api_base())


def _create(stripe: StripeClient, account: ClaimedAccount) -> str:
    platform_country = str(client.get(stripe, "/v1/account", tries=1).document.get("country") or "")
    country = account.country or platform_country
    agreement = agreements.agreement_for(country, platform_country)
    made = _find(stripe, account) if account.attempts > 1 else None
    state = made or _state_in(_post_account(stripe, account, country, agreement))
    with db.transaction() as session:
        accounts.store_created(session, account, state, country=country, agreement=agreement)
        organization_ids = account.organization_id, account.partner_organization_id
        enrollment.set_stripe_account(session, *organization_ids, state.account_id, livemode=account.livemode)
    log.info("connected_account_created", account_id=str(account.id), stripe_account_id=state.account_id)
    return state.account_id


def _post_account(stripe: StripeClient, account: ClaimedAccount, country: str, agreement: str) -> StripeResponse:
    params = {
        "controller": CONTROLLER,
        "capabilities": {"transfers": {"requested": True}},
        "country": country,
        "tos_acceptance": {"service_agreement": agreement},
        "metadata": {METADATA: str(account.id)},
    }
    # Another country after a refusal is another request, which needs another key.
    return client.post(stripe, "/v1/accounts", params, idempotency_key=f"connected-account-{account.id}-{country}")


def _find(stripe: StripeClient, account: ClaimedAccount) -> AccountState | None:
    """The account that an earlier attempt created although its answer was lost; None if there is none.

    Only the newest accounts are looked through, since attempts follow each other within hours.
    """
    for page in islice(client.pages(stripe, "/v1/accounts", {}, tries=1), PAGES):
        for document in page.document["data"]:
            if (document.get("metadata") or {}).get(METADATA) == str(account.id):
                return states.read_account(document, page.fetched_at)
    return None


def _fetch(stripe: StripeClient, account: ClaimedAccount, stripe_account_id: str) -> None:
    state = _state_in(client.get(stripe, client.object_path("/v1/accounts", stripe_account_id), tries=1))
    with db.transaction() as session:
        accounts.store_state(session, account.organization_id, state, livemode=account.livemode)


def _make_link(stripe: StripeClient, account: ClaimedAccount, stripe_account_id: str) -> None:
    params = {
        "account": stripe_account_id,
        "type": "account_onboarding",
        "return_url": account.return_url,
        "refresh_url": account.refresh_url,
    }
    # Every claim makes another link: an earlier one that was lost in a crash was seen by no one and expires.
    key = f"account-link-{account.id}-{account.lease}"
    link = client.post(stripe, "/v1/account_links", params, idempotency_key=key).document
    expires_at = moment(link.get("expires_at"))
    if expires_at is None:
        raise StripeUnavailable("stripe_not_json")
    sealed = sealing.seal(str(link["url"]), sealing.of_process())
    with db.transaction() as session:
        accounts.store_link(session, account, sealed, expires_at)


def _state_in(response: StripeResponse) -> AccountState:
    # Stripe's times have no fractions: an event of the same second may be newer than this answer, and is believed.
    state = states.read_account(response.document, response.fetched_at - timedelta(seconds=1))
    if state is None:
        raise StripeUnavailable("stripe_not_json")
    return state


def _postpone(account: ClaimedAccount, problem: Mapping[str, Any], wait_seconds: float | None) -> None:
    try:
        with db.transaction() as session:
            accounts.postpone(session, account, problem, wait_seconds=wait_seconds)
    except LeaseLost:
        return
    log.warning("account_postponed", account_id=str(account.id), **problem)
