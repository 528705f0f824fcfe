"""Look-ups: requests to Stripe for data that the drain found missing, in a process that does not drain.

The answer is inserted into the inbox as a fetched document, in the transaction that ends the look-up. After a crash
before it, another process takes the look-up once its lease has ended; after it, nothing is left to do.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from stripe import StripeClient

from app import db, jobs
from app.commissions.elsewhere import customers
from app.errors import StripeForbidden, StripeProblem, StripeRateLimited, StripeUnavailable
from app.immutable import immutable
from app.payments.waiting import invoice_links, waiting_list
from app.sentences.problems import Problem
from app.stripe_events import waits
from app.stripe_events.endpoints import event_types
from app.stripe_sync import api_keys, fetched, lookups
from app.stripe_sync.lookups import ClaimedLookup
from worker import retries
from worker.inbox import drain
from worker.stripe_sync import client, customer_histories

RATE_LIMIT_SECONDS: Final = 5.0
"""How long no requests are made to a Stripe account that limits the rate without a Retry-After."""
NO_KEY: Final = "key_removed"
NO_INVOICE: Final = {"problem": "no_invoice"}

PATHS: Final = {
    "charge": "/v1/charges",
    "checkout.session": "/v1/checkout/sessions",
    "credit_note": "/v1/credit_notes",
    "customer": "/v1/customers",
    "dispute": "/v1/disputes",
    "invoice": "/v1/invoices",
    "invoice_payment": "/v1/invoice_payments",
    "payment_intent": "/v1/payment_intents",
    "promotion_code": "/v1/promotion_codes",
    "radar.early_fraud_warning": "/v1/radar/early_fraud_warnings",
    "refund": "/v1/refunds",
    "subscription": "/v1/subscriptions",
}

log = structlog.get_logger(__name__)


@immutable
class LookupResult:
    """The documents of a look-up, and when they were fetched; no documents if Stripe has none."""

    documents: list[Mapping[str, Any]]
    fetched_at: datetime


def work_slice(slice_seconds: float) -> bool:
    """Do due look-ups until none is left or the time slice ends.

    Returns:
        True if more may be due, and a successor should be queued.
    """
    deadline = time.monotonic() + slice_seconds
    while do_next():
        if drain.stop_requested.is_set() or time.monotonic() > deadline:
            return True
    return False


def do_next() -> bool:
    """Claim the look-up that is due longest, request it from Stripe and store the answer. False if none is due."""
    with db.transaction() as session:
        lookup = lookups.claim(session)
        if lookup is None:
            return False
        owner, livemode = lookup.scope.organization_id, lookup.scope.livemode
        if not waiting_list.is_awaited(session, owner, lookup.request, livemode=livemode):
            lookups.finish(session, lookup)
            return True
    try:
        _store(lookup, _request(lookup))
    except StripeUnavailable as failure:
        _postpone(lookup, failure, failure.problem)
    except StripeProblem as failure:
        _give_up(lookup, failure.problem)
    except Exception as failure:
        if retries.action_after(failure) is retries.FailureAction.GIVE_UP:
            raise
        problem = {"problem": "answer_not_stored", "cause": retries.problem(failure)}
        _postpone(lookup, StripeUnavailable("answer_not_stored"), problem)
    return True


def _request(lookup: ClaimedLookup) -> LookupResult:
    """Stripe's documents for a look-up. No transaction is open, so that a slow answer blocks nothing."""
    scope = lookup.scope
    with db.transaction() as session:
        key = api_keys.find(session, scope.organization_id, livemode=scope.livemode)
    if key is None:
        raise StripeForbidden(NO_KEY)
    stripe = client.client(key, base=api_keys.api_base(), account=scope.account)
    kind, object_id = lookup.request.kind, lookup.request.object_id
    if kind == lookups.INVOICE_LINK:
        return _links(stripe, object_id)
    if kind == lookups.INVOICE_LINES:
        return _lines(stripe, object_id)
    if kind in lookups.HISTORIES:
        return LookupResult(*customer_histories.read(stripe, lookup.request))
    # A PaymentIntent does not say when it was paid; its charge does.
    params = {"expand": ["latest_charge"]} if kind == "payment_intent" else {}
    answer = client.get(stripe, client.object_path(PATHS[kind], object_id), params, tries=1)
    charge = answer.document.get("latest_charge")
    others = [charge] if kind == "payment_intent" and isinstance(charge, dict) else []
    return LookupResult([answer.document, *others], answer.fetched_at)


def _links(stripe: StripeClient, object_id: str) -> LookupResult:
    """The paid InvoicePayments of a PaymentIntent or a lone charge. Source: Stripe API, "List all payments"."""
    kind = "payment_intent" if object_id.startswith("pi_") else "charge"
    params = {"payment": {"type": kind, kind: object_id}}
    pages = list(client.pages(stripe, PATHS["invoice_payment"], params, tries=1))
    links = [link for page in pages for link in page.document["data"]]
    paid = [link for link in links if link.get("status") == "paid"]
    if links and not paid:
        raise StripeUnavailable("link_not_paid")
    return LookupResult(paid, pages[0].fetched_at)


def _lines(stripe: StripeClient, invoice: str) -> LookupResult:
    """All lines of an invoice, combined into a document with our own object type."""
    pages = list(client.pages(stripe, f"{client.object_path(PATHS['invoice'], invoice)}/lines", tries=1))
    lines = [line for page in pages for line in page.document["data"]]
    return LookupResult([{"id": invoice, "object": lookups.INVOICE_LINES, "data": lines}], pages[0].fetched_at)


def _store(lookup: ClaimedLookup, result: LookupResult) -> None:
    """Insert the documents into the inbox and end the look-up in one transaction; then queue a drain."""
    request, scope = lookup.request, lookup.scope
    with db.transaction() as session:
        new = fetched.insert_documents(
            session,
            scope,
            result.documents,
            fetched_at=result.fetched_at,
            api_version=event_types.API_VERSION,
            is_backfill=lookup.is_backfill,
        )
        if request.asked_for and not new:
            waits.end_unchanged(session, scope, request.asked_for)
        is_unlinked = request.kind == lookups.INVOICE_LINK and not result.documents
        if is_unlinked:
            invoice_links.end_wait(session, scope, request.object_id)
        if request.kind == lookups.HISTORY_BY_ADDRESS:
            customers.forget_address(session, request.object_id)
        lookups.finish(session, lookup, NO_INVOICE if is_unlinked else None)
    if new:
        jobs.wake(jobs.DRAIN)
    log.info("lookup_answered", lookup_id=lookup.id, kind=request.kind, object_id=request.object_id, new=len(new))


def _postpone(lookup: ClaimedLookup, failure: StripeUnavailable, problem: Problem) -> None:
    retry_after_seconds = failure.retry_after_seconds
    with db.transaction() as session:
        lookups.postpone(session, lookup, problem, retry_after_seconds=retry_after_seconds)
        if isinstance(failure, StripeRateLimited):
            lookups.postpone_all(session, lookup.scope, retry_after_seconds or RATE_LIMIT_SECONDS)
    log.warning("lookup_postponed", lookup_id=lookup.id, kind=lookup.request.kind, **problem)


def _give_up(lookup: ClaimedLookup, problem: Problem) -> None:
    with db.transaction() as session:
        lookups.finish(session, lookup, problem)
    log.warning("lookup_given_up", lookup_id=lookup.id, kind=lookup.request.kind, **problem)
