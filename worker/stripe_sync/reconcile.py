"""Reconciliations: compare what was paid and returned at Stripe with our payments, and store every difference.

First the documents of Stripe's lists are compared, then our payments that were in no list, requested one by one.
With `heal`, documents that differ and related ones are inserted into the inbox, and the drain processes them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app import db, jobs
from app.errors import StripeMissing
from app.payments import our_records
from app.payments.our_records import OurRecords, Payment
from app.stripe_events import inbox, replaying
from app.stripe_events.endpoints import event_types
from app.stripe_sync import drifts, fetched, runs
from app.stripe_sync.runs import Run
from worker.stripe_sync import client, comparison, history, run_requests
from worker.stripe_sync.comparison import Difference, Document
from worker.stripe_sync.history import Part

REQUESTS_PER_STEP: Final = 20
"""How many payments that were in no list are requested in a step."""
FIRST: Final = UUID(int=0)
EXPLAINED: Final = "return:"
INVOICED: Final = "invoice:"
PATHS: Final = {"invoice": "/v1/invoices", "pi": "/v1/payment_intents", "ch": "/v1/charges"}
COMPARE_ONE: Final = {"invoice": comparison.invoice, "pi": comparison.intent, "ch": comparison.charge}


def step(run: Run) -> Run | None:
    """Compare a page, or some payments that were in no list. Returns the run, or None while inserted rows are due."""
    if not run.cursor:
        run = replace(run, cursor={"part": 0, "after": None, "payment": str(FIRST), "newest": 0}, counts=dict(_NONE))
    parts = history.compared(*_window(run))
    if run.cursor["part"] < len(parts):
        return _one_page(run, parts)
    if run.cursor["payment"] is not None:
        return _unlisted(run)
    return _end(run)


_NONE: Final = {"compared": 0, "drifts": 0, "healed": 0}


def _window(run: Run) -> tuple[datetime, datetime]:
    since, until = (datetime.fromisoformat(run.parameters[name]) for name in ("since", "until"))
    return since, until


def _one_page(run: Run, parts: Sequence[Part]) -> Run:
    index, part = run.cursor["part"], parts[run.cursor["part"]]
    page = run_requests.page(run, part, run.cursor["after"])
    documents = part.in_period(page.documents)
    with db.transaction() as session:
        records = _records(session, run, documents)
    compare = comparison.COMPARED.get(part.name)
    differences = [(document, compare(document, records)) for document in documents] if compare else []
    differing = [(document, difference) for document, difference in differences if difference is not None]
    further = {"after": page.documents[-1]["id"]} if page.has_more else {"part": index + 1, "after": None}
    share = part.share_done(page.documents[-1]) if page.has_more else 1.0
    run = replace(
        run,
        phase=f"comparing:{part.code}",
        cursor={**run.cursor, **further},
        progress_bps=min(9_900, int(9_900 * (index + share) / len(parts))),
    )
    return _write(run, differing, compared=len(documents) if compare else 0, seen=_seen(part, documents, differing))


def _records(session: Session, run: Run, documents: Sequence[Document]) -> OurRecords:
    ids = comparison.referenced_ids(documents)
    marks = drifts.load_seen(
        session, run.id, [f"{prefix}{object_id}" for prefix in (INVOICED, EXPLAINED) for object_id in ids]
    )
    return replace(
        our_records.load_records(session, run.scope, ids),
        invoiced=frozenset(mark.removeprefix(INVOICED) for mark in marks if mark.startswith(INVOICED)),
        explained=frozenset(mark.removeprefix(EXPLAINED) for mark in marks if mark.startswith(EXPLAINED)),
    )


def _seen(part: Part, documents: Sequence[Document], differing: Sequence[tuple[Document, Difference]]) -> Iterator[str]:
    """The marks to store for a page: listed ids, ids that paid invoices, and charges whose returns are explained."""
    if part.name == "invoice payments":
        for document in documents:
            paid = document.get("payment") or {}
            payers = (paid.get("payment_intent"), paid.get("charge"))
            yield from (f"{INVOICED}{object_id}" for object_id in payers if object_id)
    elif part.name in ("invoices", "charges"):
        yield from (document["id"] for document in documents)
        intents = (document.get("payment_intent") for document in documents)
        yield from (intent for intent in intents if isinstance(intent, str))
    else:
        yield from (f"{EXPLAINED}{document['charge']}" for document, _ in differing if document.get("charge"))


def _unlisted(run: Run) -> Run:
    """Request payments that were in no list, because they were created before the period or do not exist at Stripe."""
    since, until = _window(run)
    with db.transaction() as session:
        payments = our_records.load_unlisted(
            session,
            run.scope,
            run.id,
            since=since,
            until=until,
            after=UUID(run.cursor["payment"]),
            limit=REQUESTS_PER_STEP,
        )
    differing = [pair for payment in payments if (pair := _compare_payment(run, payment)) is not None]
    further = str(payments[-1].id) if len(payments) == REQUESTS_PER_STEP else None
    run = replace(run, phase="asking_unlisted", cursor={**run.cursor, "payment": further})
    return _write(run, differing, compared=len(payments), seen=())


def _compare_payment(run: Run, payment: Payment) -> tuple[Document | None, Difference] | None:
    kind, _, object_id = payment.key.partition(":")
    try:
        params = {"expand": [history.PAYMENTS]} if kind == "invoice" else None
        document = run_requests.get(run, client.object_path(PATHS[kind], object_id), params).document
    except StripeMissing:
        return None, comparison.missing_at_stripe(payment)
    difference = COMPARE_ONE[kind](document, OurRecords({payment.key: payment}))
    return None if difference is None else (document, difference)


def _write(run: Run, differing: Sequence[tuple[Document | None, Difference]], *, compared: int, seen: Any) -> Run:
    """Store the marks and differences of a step; with `heal` insert the documents that remove the differences."""
    bundles = _bundles(run, differing) if run.parameters["heal"] else {}
    owner = run.scope.organization_id
    with db.transaction() as session:
        newest = _heal(session, run, [document for bundle in bundles.values() for document in bundle])
        drifts.insert_seen(session, run.id, owner, seen)
        left = [asdict(difference) for _, difference in differing if difference.stripe_id not in bundles]
        healed = [asdict(difference) for _, difference in differing if difference.stripe_id in bundles]
        counts = {
            "compared": run.counts["compared"] + compared,
            "drifts": run.counts["drifts"] + drifts.insert_drifts(session, run.id, owner, left, are_healed=False),
            "healed": run.counts["healed"] + drifts.insert_drifts(session, run.id, owner, healed, are_healed=True),
        }
        counts["drifts"] += counts["healed"] - run.counts["healed"]
        run = replace(run, counts=counts, cursor={**run.cursor, "newest": max(newest, run.cursor["newest"])})
        runs.store_progress(session, run)
    if bundles:
        jobs.wake(jobs.DRAIN)
    return run


def _bundles(run: Run, differing: Sequence[tuple[Document | None, Difference]]) -> dict[str, list[Document]]:
    """The documents that remove each difference, by its Stripe id; none if the object does not exist at Stripe."""
    return {
        difference.stripe_id: [document, *_related(run, document)]
        for document, difference in differing
        if document is not None
    }


def _related(run: Run, document: Document) -> Iterator[Document]:
    """Documents that may be missing with this one: invoice links, PaymentIntent, checkout session with the partner."""
    kind, object_id = document["object"], document["id"]
    if kind == "invoice":
        yield from _listed(run, "/v1/invoice_payments", {"invoice": object_id, "status": "paid"})
        parent = (document.get("parent") or {}).get("subscription_details") or {}
        if isinstance(parent.get("subscription"), str):
            yield from _listed(run, "/v1/checkout/sessions", {"subscription": parent["subscription"]})
    intent = object_id if kind == "payment_intent" else document.get("payment_intent")
    if isinstance(intent, str):
        if kind != "payment_intent":
            yield run_requests.get(run, client.object_path("/v1/payment_intents", intent)).document
        yield from _listed(run, "/v1/checkout/sessions", {"payment_intent": intent})


def _listed(run: Run, path: str, params: Mapping[str, Any]) -> Sequence[Document]:
    documents: Sequence[Document] = run_requests.get(run, path, {**params, "limit": 100}).document["data"]
    return documents


def _heal(session: Session, run: Run, documents: Sequence[Document]) -> int:
    """Insert documents into the inbox, or make existing ones due again; returns the highest inbox id."""
    if not documents:
        return 0
    now = datetime.now(UTC)
    new = fetched.insert_documents(session, run.scope, documents, fetched_at=now, api_version=event_types.API_VERSION)
    names = [fetched.name(fetched.stored(document)) for document in documents]
    return max([*new, *replaying.replay_named(session, run.scope, names)], default=0)


def _end(run: Run) -> Run | None:
    """End the run once all inserted rows are processed. None if not yet."""
    with db.transaction() as session:
        owner, livemode = run.scope.organization_id, run.scope.livemode
        is_settled = not inbox.is_any_untried(session, owner, livemode=livemode, up_to=run.cursor["newest"])
        ended = replace(run, phase="settling", is_done=is_settled)
        if is_settled:
            drifts.delete_seen(session, run.id)
        runs.store_progress(session, ended)
    return ended if is_settled else None
