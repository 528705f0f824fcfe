"""Rows of transfers: which payout is transferred next, and what is known of it.

The three steps of a transfer: (1) a claim commits that the payout is `processing`; (2) `mark_sent` commits that Stripe
is about to be called, then it is called; (3) `app.payouts.connect.recording` records the outcome. A process that dies
between them leaves a claim that ends, and the next process knows from `sent_at` whether Stripe must be asked first.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import backoff, bulk, ids
from app.errors import LeaseLost
from app.immutable import immutable
from app.payouts.connect import destinations
from app.payouts.connect.models import PayoutTransfer
from app.payouts.models import TO_TRANSFER_SQL, Payout
from app.sentences.problems import Problem

LEASE_SECONDS: Final = 180
"""How long a process may take for a transfer; its calls end much sooner."""
FIRST_WAIT_SECONDS: Final = 10
LONGEST_WAIT_SECONDS: Final = 3600


@immutable
class ClaimedTransfer:
    """A transfer that this process works on. All that Stripe is asked for is here, and never changes."""

    payout_id: UUID
    organization_id: UUID
    livemode: bool
    account: str
    currency: str
    amount_minor: int
    transfer_id: str | None
    sent_at: datetime | None
    attempts: int
    lease: int

    @property
    def group(self) -> str:
        """The `transfer_group`, by which it is found: the payout's public id."""
        return ids.encode(ids.PAYOUT, self.payout_id)

    @property
    def idempotency_key(self) -> str:
        """One for each payout, for ever."""
        return f"payout-{self.payout_id}"


_COLUMNS: Final = """
    payout_id, organization_id, livemode, account, currency, amount_minor, transfer_id, sent_at, attempts, lease
"""

# While payouts are switched off, only what Stripe may have done already is looked into.
_CLAIM_OPEN = text(f"""
    UPDATE payout_transfers SET lease = lease + 1, attempts = attempts + 1,
                                due_at = now() + make_interval(secs => :seconds)
    WHERE payout_id = (
        SELECT payout_id FROM payout_transfers
        WHERE due_at <= now() AND (:is_on OR sent_at IS NOT NULL OR transfer_id IS NOT NULL)
        ORDER BY due_at, payout_id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING {_COLUMNS}
""")
_NEXT_PENDING: Final = (
    select(Payout)
    .where(text(TO_TRANSFER_SQL), Payout.destination_encrypted.is_not(None))  # an archive may not have had it
    .order_by(Payout.id)
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
    .execution_options(populate_existing=True)
)
_INSERT = text(f"""
    INSERT INTO payout_transfers (payout_id, organization_id, livemode, account, currency, amount_minor,
                                  attempts, lease, due_at)
    VALUES (:payout_id, :organization_id, :livemode, :account, :currency, :amount_minor,
            1, 1, now() + make_interval(secs => :seconds))
    RETURNING {_COLUMNS}
""")


def claim(session: Session, *, is_on: bool) -> ClaimedTransfer | None:
    """Claim the transfer that is due longest, else begin one of a pending payout; None if there is neither.

    Args:
        session: must commit before Stripe is called.
        is_on: whether payouts are switched on. If not, no transfer begins, and only those are claimed that Stripe may
            have made.
    """
    row = session.execute(_CLAIM_OPEN, {"seconds": LEASE_SECONDS, "is_on": is_on}).one_or_none()
    if row is None and is_on:
        payout = session.scalars(_NEXT_PENDING).one_or_none()
        row = None if payout is None else _begin(session, payout)
    return None if row is None else ClaimedTransfer(**row._asdict())


def values_of(payout: Payout) -> dict[str, Any]:
    """The row of `payout_transfers` for a payout of method stripe, which is reserved with its account.

    Raises:
        ConfigurationError: the destination cannot be decrypted with any secret key.
    """
    assert payout.destination_encrypted is not None, "a payout of method stripe is reserved with its account"
    return {
        "payout_id": payout.id,
        "organization_id": payout.organization_id,
        "livemode": payout.livemode,
        "account": destinations.account_in(payout.destination_encrypted),
        "currency": payout.currency,
        "amount_minor": payout.net_minor,
    }


def _begin(session: Session, payout: Payout) -> Any:
    payout.status = "processing"
    session.flush()
    return session.execute(_INSERT, {**values_of(payout), "seconds": LEASE_SECONDS}).one()


_IS_DUE = text(f"""
    SELECT EXISTS (SELECT FROM payout_transfers
                   WHERE due_at <= now() AND (:is_on OR sent_at IS NOT NULL OR transfer_id IS NOT NULL))
        OR (:is_on AND EXISTS (SELECT FROM payouts WHERE {TO_TRANSFER_SQL} AND destination_encrypted IS NOT NULL))
""")


def is_due(session: Session, *, is_on: bool) -> bool:
    """Whether `claim` would find a transfer."""
    return bool(session.scalar(_IS_DUE, {"is_on": is_on}))


_MARK_SENT = text("""
    UPDATE payout_transfers SET sent_at = coalesce(sent_at, clock_timestamp())
    WHERE payout_id = :payout_id AND lease = :lease
""")


def mark_sent(session: Session, claimed: ClaimedTransfer) -> None:
    """Store that Stripe is about to be called, so that from now on the outcome is unknown. Commit, then call.

    Raises:
        LeaseLost: another process has claimed the transfer; do not call.
    """
    _update_held(session, _MARK_SENT, claimed, {})


# Another lease: a process that has claimed it can neither send it nor record anything of it any more.
_WITHDRAW = text("""
    UPDATE payout_transfers SET lease = lease + 1, due_at = NULL, problem = NULL
    WHERE payout_id = :payout_id AND sent_at IS NULL AND transfer_id IS NULL
""")


def withdraw(session: Session, payout_id: UUID) -> bool:
    """End the transfer of a locked payout if Stripe was not called for it; whether it was so. Nothing is sent then."""
    withdrawn = session.execute(_WITHDRAW, {"payout_id": payout_id})
    return bool(withdrawn.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it


_POSTPONE = text("""
    UPDATE payout_transfers SET problem = CAST(:problem AS jsonb), due_at = now() + make_interval(secs => :seconds)
    WHERE payout_id = :payout_id AND lease = :lease
""")


def postpone(
    session: Session, claimed: ClaimedTransfer, problem: Problem, *, wait_seconds: float | None = None
) -> None:
    """Store why a call failed; it is repeated after `wait_seconds`, else after a back-off. Raises LeaseLost."""
    seconds = wait_seconds or backoff.seconds(claimed.attempts, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS)
    _update_held(session, _POSTPONE, claimed, {"problem": bulk.encode_one(problem), "seconds": seconds})


_FINISH = text("""
    UPDATE payout_transfers SET due_at = NULL, problem = CAST(:problem AS jsonb),
                                transfer_id = coalesce(:transfer_id, transfer_id),
                                reversed_minor = greatest(reversed_minor, :reversed_minor)
    WHERE payout_id = :payout_id AND lease = :lease
    RETURNING reversed_minor
""")


def finish(
    session: Session,
    claimed: ClaimedTransfer,
    *,
    transfer_id: str | None = None,
    reversed_minor: int = 0,
    problem: Problem | None = None,
) -> int:
    """Store the outcome, in the transaction that posts it; returns how much was reversed. Raises LeaseLost."""
    values = {
        "payout_id": claimed.payout_id,
        "lease": claimed.lease,
        "transfer_id": transfer_id,
        "reversed_minor": reversed_minor,
        "problem": None if problem is None else bulk.encode_one(problem),
    }
    known: int | None = session.scalar(_FINISH, values)
    if known is None:
        raise LeaseLost
    return known


# An event may name a transfer before its answer was recorded. Only more reversed money is something to do.
_NOTE = text("""
    UPDATE payout_transfers SET
        transfer_id = coalesce(payout_transfers.transfer_id, :transfer_id),
        reversed_minor = greatest(payout_transfers.reversed_minor, :reversed_minor),
        due_at = CASE WHEN is_more THEN now() ELSE payout_transfers.due_at END
    FROM (SELECT payout_id AS found, reversed_minor < :reversed_minor AS is_more,
                 transfer_id IS NULL OR reversed_minor < :reversed_minor AS is_new
          FROM payout_transfers
          WHERE payout_id = :payout_id AND organization_id = :organization_id AND livemode = :livemode
            AND coalesce(transfer_id, :transfer_id) = :transfer_id AND account = :account AND currency = :currency
            AND amount_minor = :amount_minor
          FOR UPDATE) AS stored
    WHERE payout_id = found
    RETURNING is_new, is_more
""")


@immutable
class StatedTransfer:
    """A transfer as an event or a list states it; `payout_id` from its group, amounts in minor units."""

    payout_id: UUID
    transfer_id: str
    account: str
    currency: str
    amount_minor: int
    reversed_minor: int

    def is_of(self, claimed: ClaimedTransfer) -> bool:
        """Whether it is what Stripe was asked for."""
        stated = (self.payout_id, self.account, self.currency, self.amount_minor)
        return stated == (claimed.payout_id, claimed.account, claimed.currency, claimed.amount_minor)


class Noted(NamedTuple):
    """What an event added: anything at all; and more that was reversed, which the job of transfers posts."""

    is_new: bool
    is_more_reversed: bool


def read(document: Mapping[str, Any]) -> StatedTransfer | None:
    """The transfer of a payout in a document; None if its group is not a payout's, or something of it is missing."""
    group, transfer_id, account = (document.get(name) for name in ("transfer_group", "id", "destination"))
    currency, amount, back = (document.get(name) for name in ("currency", "amount", "amount_reversed"))
    payout_id = ids.decode(group, ids.PAYOUT) if isinstance(group, str) else None
    texts = isinstance(transfer_id, str) and isinstance(account, str) and isinstance(currency, str)
    if payout_id is None or not texts or not isinstance(amount, int) or not isinstance(back, int):
        return None
    if not 0 <= back <= amount:
        return None
    return StatedTransfer(payout_id, str(transfer_id), str(account), str(currency), amount, back)


def note(session: Session, organization_id: UUID, stated: StatedTransfer, *, livemode: bool) -> Noted | None:
    """Store what an event says of a transfer; order and repetition of events do not matter.

    Returns:
        What it added; None if it is not the transfer of a payout of this organization and mode.
    """
    values = {
        "organization_id": organization_id,
        "livemode": livemode,
        "payout_id": stated.payout_id,
        "transfer_id": stated.transfer_id,
        "account": stated.account,
        "currency": stated.currency,
        "amount_minor": stated.amount_minor,
        "reversed_minor": stated.reversed_minor,
    }
    row = session.execute(_NOTE, values).one_or_none()
    return None if row is None else Noted(row.is_new, row.is_more)


def problem_of(session: Session, payout_id: UUID) -> Mapping[str, Any] | None:
    """Why the transfer of a payout waits or has failed; None if nothing is wrong."""
    return session.scalar(select(PayoutTransfer.problem).where(PayoutTransfer.payout_id == payout_id))


def _update_held(session: Session, statement: Any, claimed: ClaimedTransfer, values: Mapping[str, Any]) -> None:
    held = {"payout_id": claimed.payout_id, "lease": claimed.lease, **values}
    if session.execute(statement, held).rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result has it
        raise LeaseLost
