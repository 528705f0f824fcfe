"""Dry run: processes documents in a transaction, reports what would be posted, and rolls back."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import db, ids
from app.immutable import immutable
from app.stripe_events import inbox
from app.stripe_events.scope import Scope
from worker import retries
from worker.inbox import drain, pipeline


@immutable
class Result:
    """What a real run would do: new inbox rows, their outcomes, commissions by currency in minor units."""

    new: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    posts: dict[str, int] = field(default_factory=dict)


Insert = Callable[[Session, Scope], list[int]]
"""Inserts documents into the inbox; returns the inbox ids of new ones."""

# Ids grow with time, so the entries of this transaction are at the end of the primary key's index.
_POSTED = text("""
    SELECT posting.currency, sum(posting.amount_minor)
    FROM journal_entries AS entry
    JOIN postings AS posting ON posting.entry_id = entry.id
    JOIN accounts AS account ON account.id = posting.account_id AND account.kind = 'commission_expense'
    WHERE entry.id >= :first AND entry.xid = pg_current_xact_id() AND entry.organization_id = :organization_id
    GROUP BY posting.currency
    ORDER BY posting.currency
""")


def process(scope: Scope, inserts: Sequence[Insert]) -> Result:
    """Insert and process documents in one transaction, sum up what was posted, and roll back.

    Effects: for some seconds the drain has to wait for the Stripe ids in these documents.
    """
    for remaining in reversed(range(retries.AT_ONCE_TRIES)):
        try:
            return _process_once(scope, inserts)
        except DBAPIError as failure:
            if retries.action_after(failure) is not retries.FailureAction.RETRY_NOW or remaining == 0:
                raise
    raise AssertionError("a try ends the loop")


def _process_once(scope: Scope, inserts: Sequence[Insert]) -> Result:
    with db.transaction() as session:
        first = ids.new()
        new = [event_id for insert in inserts for event_id in insert(session, scope)]
        outcomes: Counter[str] = Counter()
        for begin in range(0, len(new), drain.BATCH_SIZE):
            events = inbox.claim_these(session, new[begin : begin + drain.BATCH_SIZE])
            outcomes.update(outcome.name for outcome in pipeline.work(session, events).values())
        posted = session.execute(_POSTED, {"first": first, "organization_id": scope.organization_id})
        result = Result(len(new), outcomes, {currency: int(minor) for currency, minor in posted})
        session.rollback()
    return result
