"""Asking Stripe for what the drain found missing: outside any transaction, in a process that drains nothing.

The answer goes into the inbox as a fetched document, in the transaction that ends the look-up. A crash before it leaves
the look-up to whoever comes after its lease; a crash after it leaves nothing to do.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from stripe import StripeClient

from app import db, jobs
from app.errors import StripeForbidden, StripeProblem, StripeRateLimited, StripeUnavailable
from app.payments.waiting import invoice_links
from app.payments.waiting import listing as waiting
from app.sentences.problems import Problem
from app.stripe_events import waits
from app.stripe_sync import api_keys, fetched, lookups
from app.stripe_sync.lookups import ClaimedLookup
from worker import retries
from worker.inbox import drain
from worker.stripe_sync import client

RATE_LIMIT_SECONDS: Final = 5.0
"""How long a Stripe account is left alone that limits us without saying for how long."""
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


@dataclass(frozen=True, slots=True)
class Found:
    """The documents that answer a look-up, and when they held; none: Stripe has nothing of the kind."""

    documents: list[Mapping[str, Any]]
    fetched_at: datetime


def run(slice_seconds: float) -> bool:
    """Work due look-ups until none is left or the time slice ends.

    Returns:
        True if more may be due, and a successor should be queued.
    """
    deadline = time.monotonic() + slice_seconds
    while work_one():
        if drain.stop_requested.is_set() or time.monotonic() > deadline:
            return True
    return False


def work_one() -> bool:
    """Take the look-up that is due longest, ask Stripe, and record the answer. False if none is due."""
    with db.transaction() as session:
        lookup = lookups.claim(session)
        if lookup is None:
            return False
        if not waiting.is_awaited(session, lookup.scope.organization_id, lookup.wanted):
            lookups.finish(session, lookup)
            return True
    try:
        _answer(lookup, _ask(lookup))
    except StripeUnavailable as failure:
        _postpone(lookup, failure, failure.problem)
    except StripeProblem as failure:
        _give_up(lookup, failure.problem)
    except Exception as failure:
        if retries.meaning(failure) is retries.Meaning.GIVE_UP:
            raise
        problem = {"problem": "answer_not_stored", "cause": retries.problem(failure)}
        _postpone(lookup, StripeUnavailable("answer_not_stored"), problem)
    return True


def _ask(lookup: ClaimedLookup) -> Found:
    """What Stripe has. No transaction is open: however long it takes, nothing waits for it."""
    scope = lookup.scope
    with db.transaction() as session:
        key = api_keys.find(session, scope.organization_id, livemode=scope.livemode)
    if key is None:
        raise StripeForbidden(NO_KEY)
    asked = client.client(key, base=api_keys.api_base(), account=scope.account)
    kind, object_id = lookup.wanted.kind, lookup.wanted.object_id
    if kind == lookups.INVOICE_LINK:
        return _links(asked, object_id)
    if kind == lookups.INVOICE_LINES:
        return _lines(asked, object_id)
    # A PaymentIntent does not say when it was paid; its charge does.
    params = {"expand": ["latest_charge"]} if kind == "payment_intent" else {}
    answer = client.get(asked, client.one(PATHS[kind], object_id), params, tries=1)
    charge = answer.document.get("latest_charge")
    others = [charge] if kind == "payment_intent" and isinstance(charge, dict) else []
    return Found([answer.document, *others], answer.fetched_at)


def _links(asked: StripeClient, object_id: str) -> Found:
    """The InvoicePayments that a PaymentIntent or lone charge made. Source: Stripe API, "List all payments"."""
    kind = "payment_intent" if object_id.startswith("pi_") else "charge"
    params = {"payment": {"type": kind, kind: object_id}}
    pages = list(client.pages(asked, PATHS["invoice_payment"], params, tries=1))
    links = [link for page in pages for link in page.document["data"]]
    paid = [link for link in links if link.get("status") == "paid"]
    if links and not paid:
        raise StripeUnavailable("link_not_paid")
    return Found(paid, pages[0].fetched_at)


def _lines(asked: StripeClient, invoice: str) -> Found:
    """All lines of an invoice, put together in one document of our own making."""
    pages = list(client.pages(asked, f"{client.one(PATHS['invoice'], invoice)}/lines", tries=1))
    lines = [line for page in pages for line in page.document["data"]]
    return Found([{"id": invoice, "object": lookups.INVOICE_LINES, "data": lines}], pages[0].fetched_at)


def _answer(lookup: ClaimedLookup, found: Found) -> None:
    """Put the answer into the inbox and end the look-up, both or neither; then wake a drain."""
    wanted, scope = lookup.wanted, lookup.scope
    with db.transaction() as session:
        new = fetched.record(
            session, scope, found.documents, fetched_at=found.fetched_at, api_version=client.API_VERSION
        )
        if wanted.asked_for and not new:
            waits.nothing_new(session, scope, wanted.asked_for)
        if not found.documents:
            invoice_links.give_up_on(session, scope, wanted.object_id)
        lookups.finish(session, lookup, None if found.documents else NO_INVOICE)
    if new:
        jobs.wake(jobs.DRAIN)
    log.info("lookup_answered", lookup_id=lookup.id, kind=wanted.kind, object_id=wanted.object_id, new=new)


def _postpone(lookup: ClaimedLookup, failure: StripeUnavailable, problem: Problem) -> None:
    told_seconds = failure.retry_after_seconds
    with db.transaction() as session:
        lookups.postpone(session, lookup, problem, told_seconds=told_seconds)
        if isinstance(failure, StripeRateLimited):
            lookups.leave_alone(session, lookup.scope, told_seconds or RATE_LIMIT_SECONDS)
    log.warning("lookup_postponed", lookup_id=lookup.id, kind=lookup.wanted.kind, **problem)


def _give_up(lookup: ClaimedLookup, problem: Problem) -> None:
    with db.transaction() as session:
        lookups.finish(session, lookup, problem)
    log.warning("lookup_given_up", lookup_id=lookup.id, kind=lookup.wanted.kind, **problem)
