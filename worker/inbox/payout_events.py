"""Events about payouts: of partners' connected accounts, and of transfers. They concern no payment of a customer.

Order and repetition do not matter: of two statements about an account the newer one is kept, and of a transfer the
highest sum that was reversed. What was reversed is stored here and posted by the job of transfers, which takes the
locks of other payments than those of this batch.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.payouts.connect import accounts, states, transfers
from app.payouts.connect.states import AccountState
from app.sentences.outcomes import (
    ACCOUNT_STATE,
    BANK_PAYOUT,
    KNOWN,
    NOT_OURS,
    TO_BE_FETCHED,
    TRANSFER,
    TRANSFER_REVERSED,
)
from app.stripe_events.inbox import ClaimedEvent, Outcome
from app.stripe_events.scope import Scope
from worker.inbox.handlers.fields import Document, at

Handler = Callable[[Session, Scope, Document, datetime], Outcome]

NO_OBJECT: Final = {"problem": "no_object"}
_NOT_OURS: Final = Outcome("no_change", {"because": NOT_OURS})
_KNOWN: Final = Outcome("no_change", {"because": KNOWN})


def work(session: Session, scope: Scope, events: Sequence[ClaimedEvent]) -> dict[int, Outcome]:
    """Store what these events of one scope say, in the caller's transaction; returns their outcomes by event id."""
    return {event.id: _work_one(session, scope, event) for event in events}


def _work_one(session: Session, scope: Scope, event: ClaimedEvent) -> Outcome:
    if event.type.startswith("v1."):
        return _thin(session, scope)
    found = at(json.loads(event.payload), "data", "object")
    if not isinstance(found, Mapping):
        return Outcome("parked", NO_OBJECT)
    return HANDLERS[event.type](session, scope, found, event.occurred_at)


def _thin(session: Session, scope: Scope) -> Outcome:
    """A thin event only names its account, which is fetched."""
    is_known = accounts.make_due(session, scope.organization_id, scope.account, livemode=scope.livemode)
    return Outcome("recorded", {"because": TO_BE_FETCHED}) if is_known else _NOT_OURS


def _account(session: Session, scope: Scope, document: Document, stated_at: datetime) -> Outcome:
    return _stored(session, scope, states.read_account(document, stated_at))


def _capability(session: Session, scope: Scope, document: Document, stated_at: datetime) -> Outcome:
    return _stored(session, scope, states.read_capability(document, stated_at))


def _stored(session: Session, scope: Scope, state: AccountState | None) -> Outcome:
    if state is None:
        return _NOT_OURS
    is_newer = accounts.store_state(session, scope.organization_id, state, livemode=scope.livemode)
    return _outcome(is_newer, ACCOUNT_STATE)


def _bank_payout(session: Session, scope: Scope, document: Document, stated_at: datetime) -> Outcome:
    """A payout from a connected account to its bank. A failed one moves none of our money, but the partner must act."""
    payout = states.read_bank_payout(document, stated_at)
    owner, livemode = scope.organization_id, scope.livemode
    is_newer = accounts.store_bank_payout(session, owner, scope.account, payout, livemode=livemode)
    return _outcome(is_newer, BANK_PAYOUT)


def _transfer(session: Session, scope: Scope, document: Document, _stated_at: datetime) -> Outcome:
    stated = transfers.read(document)
    if stated is None or scope.account:
        return _NOT_OURS
    noted = transfers.note(session, scope.organization_id, stated, livemode=scope.livemode)
    if noted is None:
        return _NOT_OURS
    if noted.is_more_reversed:
        return Outcome("recorded", {"because": TRANSFER_REVERSED})
    return _outcome(noted.is_new, TRANSFER)


def _outcome(is_new: bool | None, because: str) -> Outcome:
    """Of what was stored if it is new; None: it is about nothing of ours."""
    if is_new is None:
        return _NOT_OURS
    return Outcome("recorded", {"because": because}) if is_new else _KNOWN


HANDLERS: Final[Mapping[str, Handler]] = {
    "account.updated": _account,
    "capability.updated": _capability,
    "payout.paid": _bank_payout,
    "payout.failed": _bank_payout,
    "transfer.created": _transfer,
    "transfer.updated": _transfer,
    "transfer.reversed": _transfer,
}
TYPES: Final = frozenset(HANDLERS) | {"v1.account.updated"}
