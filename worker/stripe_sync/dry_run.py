"""The real pipeline, played through and taken back: what would be posted, without posting it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import db, ids
from app.stripe_events import inbox
from app.stripe_events.scope import Scope
from worker import retries
from worker.inbox import drain, pipeline


@dataclass(frozen=True, slots=True)
class Played:
    """What would have happened: new inbox rows, how they would end, commissions by currency in minor units."""

    new: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    posts: dict[str, int] = field(default_factory=dict)


Put = Callable[[Session, Scope], list[int]]
"""Puts something into the inbox and gives the numbers of what is new."""

# Our own ids grow with time, so the entries of this transaction are the last ones of the primary key.
_POSTED = text("""
    SELECT posting.currency, sum(posting.amount_minor)
    FROM journal_entries AS entry
    JOIN postings AS posting ON posting.entry_id = entry.id
    JOIN accounts AS account ON account.id = posting.account_id AND account.kind = 'commission_expense'
    WHERE entry.id >= :first AND entry.xid = pg_current_xact_id() AND entry.organization_id = :organization_id
    GROUP BY posting.currency
    ORDER BY posting.currency
""")


def play(scope: Scope, puts: Sequence[Put]) -> Played:
    """Put and work all of it in one transaction, look at what was posted, and take everything back.

    Meanwhile, for seconds, the drain waits for the Stripe ids concerned.
    """
    for remaining in reversed(range(retries.AT_ONCE_TRIES)):
        try:
            return _play(scope, puts)
        except DBAPIError as failure:
            if retries.meaning(failure) is not retries.Meaning.AT_ONCE or remaining == 0:
                raise
    raise AssertionError("a try ends the loop")


def _play(scope: Scope, puts: Sequence[Put]) -> Played:
    with db.transaction() as session:
        first = ids.new()
        new = [number for put in puts for number in put(session, scope)]
        outcomes: Counter[str] = Counter()
        for begin in range(0, len(new), drain.BATCH_SIZE):
            events = inbox.claim_these(session, new[begin : begin + drain.BATCH_SIZE])
            outcomes.update(outcome.name for outcome in pipeline.work(session, events).values())
        posted = session.execute(_POSTED, {"first": first, "organization_id": scope.organization_id})
        played = Played(len(new), outcomes, {currency: int(minor) for currency, minor in posted})
        session.rollback()
    return played
