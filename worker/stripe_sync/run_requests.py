"""Requests to Stripe's API for a run: a page of a list, or one object; a long wait for Stripe is shown in the run."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app import db
from app.errors import StripeForbidden
from app.immutable import immutable
from app.stripe_sync import api_keys, runs
from app.stripe_sync.runs import Run
from worker.stripe_sync import client as stripe_api
from worker.stripe_sync.history import Part

SHOWN_WAIT_SECONDS: Final = 2.0
"""Waits of this length or more are shown in the run."""


@immutable
class Page:
    """A page of a list, and when it was fetched, by Stripe's clock."""

    documents: Sequence[Mapping[str, Any]]
    has_more: bool
    fetched_at: datetime


def page(run: Run, part: Part, after: str | None) -> Page:
    """The page of `part` after the entry with id `after`, the first page for None. Raises as `get`."""
    answer = get(run, part.path, part.query(after))
    documents = answer.document["data"]
    return Page(documents, bool(answer.document.get("has_more")) and bool(documents), answer.fetched_at)


def get(run: Run, path: str, params: Mapping[str, Any] | None = None) -> stripe_api.StripeResponse:
    """Stripe's answer for `path` of the run's account. Must not be called inside a transaction.

    Raises:
        StripeForbidden: there is no key for the run's mode, or it may not read this.
        StripeProblem: as `client.get`.
        LeaseLost: the run was stopped while it waited for Stripe.
    """
    with db.transaction() as session:
        key = api_keys.find(session, run.scope.organization_id, livemode=run.scope.livemode)
    if key is None:
        raise StripeForbidden("no_live_key" if run.scope.livemode else "no_test_key")
    client = stripe_api.client(key, base=api_keys.api_base(), account=run.scope.account)

    def wait(seconds: float) -> None:
        if seconds >= SHOWN_WAIT_SECONDS:
            with db.transaction() as session:
                runs.store_problem(session, run, {"problem": "stripe_asks_to_wait", "count": round(seconds)})
        time.sleep(seconds)

    return stripe_api.get(client, path, params, wait=wait)
