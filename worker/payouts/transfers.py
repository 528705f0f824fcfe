"""Transfers payouts to connected accounts, so that each is sent once, whatever dies when and whatever Stripe answers.

A claim is committed before anything else, and `sent_at` before the call that may move money. While `sent_at` is null
nothing can have been sent, so the payout may fail. From then on only Stripe knows: its list of the payout's transfer
group is read before the same call is repeated, under the same idempotency key. Stripe may forget a key after a day, but
by then the list has the transfer; and a late call meets the key. Only Stripe's own refusal ends such a payout.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

import structlog
from stripe import StripeClient

from app import db, sealing
from app.errors import LeaseLost, StripeForbidden, StripeMissing, StripeProblem, StripeRefused, StripeUnavailable
from app.payouts.connect import destinations, recording, states, transfers
from app.payouts.connect.recording import MadeTransfer
from app.payouts.connect.transfers import ClaimedTransfer
from app.stripe_sync import api_keys
from worker import retries
from worker.inbox import drain
from worker.stripe_sync import client

REFUSED_WAIT_SECONDS: Final = 900
"""How long after a refusal of the API key, which a person must mend, Stripe is asked again."""
PATH: Final = "/v1/transfers"

log = structlog.get_logger(__name__)


class _NeverSent(Exception):
    """Nothing was sent, and nothing will be: the payout fails with this problem."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem["problem"]))
        self.problem = problem


def work_slice(slice_seconds: float) -> bool:
    """Work on due transfers until none is left or the time slice ends; returns whether more may be due."""
    deadline = time.monotonic() + slice_seconds
    while do_next():
        if drain.stop_requested.is_set() or time.monotonic() > deadline:
            return True
    return False


def do_next() -> bool:
    """Claim the next transfer, and send it or find out what became of it.

    Returns:
        False if none is due, or Stripe cannot be used now: then payouts that have not begun stay pending, and the clock
        tries again in a few seconds.
    """
    with db.transaction() as session:
        claimed = transfers.claim(session, is_on=_is_on())
    if claimed is None:
        return False
    try:
        _work(claimed)
    except StripeUnavailable as failure:
        _postpone(claimed, failure.problem, failure.retry_after_seconds)
        return False
    except StripeProblem as failure:
        _postpone(claimed, failure.problem, REFUSED_WAIT_SECONDS)
        return False
    except LeaseLost:
        log.info("transfer_lease_lost", payout_id=claimed.group)
    except Exception as failure:
        if retries.action_after(failure) is retries.FailureAction.GIVE_UP:
            raise
        _postpone(claimed, {"problem": "answer_not_stored", "cause": retries.problem(failure)}, None)
    return True


def _is_on() -> bool:
    """Whether payouts are switched on. If not, only transfers that were sent are looked into."""
    return sealing.of_process().payouts_live


def _work(claimed: ClaimedTransfer) -> None:
    """Steps two and three: call Stripe outside any transaction, then record the outcome in one."""
    try:
        made = _known(claimed) or _settle(_client(claimed), claimed)
    except _NeverSent as refused:
        with db.transaction() as session:
            recording.record_refused(session, claimed, refused.problem)
        log.warning("transfer_refused", payout_id=claimed.group, **refused.problem)
        return
    with db.transaction() as session:
        recording.record_made(session, claimed, made)
    log.info("transfer_made", payout_id=claimed.group, transfer_id=made.transfer_id)


def _known(claimed: ClaimedTransfer) -> MadeTransfer | None:
    """The transfer if an answer or an event has named it already: then Stripe is not asked."""
    return None if claimed.transfer_id is None else MadeTransfer(claimed.transfer_id)


def _settle(stripe: StripeClient, claimed: ClaimedTransfer) -> MadeTransfer:
    """The transfer: found at Stripe if an earlier call may have made it, else made now. Raises _NeverSent."""
    if claimed.sent_at is None:
        _require_able(stripe, claimed)
    else:
        _require_same_platform(stripe, claimed)
        if (found := _find(stripe, claimed)) is not None:
            return found
    if not _is_on():
        raise StripeUnavailable("payouts_switched_off")
    with db.transaction() as session:
        transfers.mark_sent(session, claimed)
    try:
        return _made(client.post(stripe, PATH, _params(claimed), idempotency_key=claimed.idempotency_key).document)
    except (StripeRefused, StripeMissing) as refusal:
        # An earlier call of unknown outcome may have made it after all.
        found = None if claimed.sent_at is None else _find(stripe, claimed)
        if found is not None:
            return found
        raise _NeverSent(refusal.problem) from None


def _require_able(stripe: StripeClient, claimed: ClaimedTransfer) -> None:
    """Raise _NeverSent if the account cannot receive, with what Stripe requires."""
    try:
        answer = client.get(stripe, client.object_path("/v1/accounts", claimed.account), tries=1)
    except StripeMissing as missing:
        raise _NeverSent(missing.problem) from None
    state = states.read_account(answer.document, answer.fetched_at)
    if state is None:
        raise StripeUnavailable("stripe_not_json")
    if state.transfers != states.ACTIVE:
        refusal = destinations.unable(state.requirements)
        raise _NeverSent({"problem": refusal.code, **refusal.params})


def _require_same_platform(stripe: StripeClient, claimed: ClaimedTransfer) -> None:
    """Raise StripeForbidden if the API key does not see the account that was transferred to.

    It is of another Stripe account then, whose list lacks what the former one has made.
    """
    try:
        client.get(stripe, client.object_path("/v1/accounts", claimed.account), tries=1)
    except StripeMissing:
        raise StripeForbidden("account_of_other_platform", account=claimed.account) from None


def _find(stripe: StripeClient, claimed: ClaimedTransfer) -> MadeTransfer | None:
    """The transfer of the payout's group; None if there is none. One that a person has made otherwise is another."""
    for page in client.pages(stripe, PATH, {"transfer_group": claimed.group}, tries=1):
        for document in page.document["data"]:
            stated = transfers.read(document)
            if stated is not None and stated.is_of(claimed):
                return MadeTransfer(stated.transfer_id, stated.reversed_minor)
    return None


def _params(claimed: ClaimedTransfer) -> Mapping[str, Any]:
    return {
        "amount": claimed.amount_minor,
        "currency": claimed.currency,
        "destination": claimed.account,
        "transfer_group": claimed.group,
        "metadata": {"payout": claimed.group},
    }


def _made(document: Mapping[str, Any]) -> MadeTransfer:
    transfer_id, reversed_minor = document.get("id"), document.get("amount_reversed")
    if not isinstance(transfer_id, str):
        raise StripeUnavailable("stripe_not_json")
    return MadeTransfer(transfer_id, reversed_minor if isinstance(reversed_minor, int) else 0)


def _client(claimed: ClaimedTransfer) -> StripeClient:
    """A client with the key of the payout's mode, so that test money moves with a test key only."""
    with db.transaction() as session:
        key = api_keys.find(session, claimed.organization_id, livemode=claimed.livemode)
    if key is None:
        raise StripeForbidden("no_live_key" if claimed.livemode else "no_test_key")
    if not key.get_secret_value().partition("_")[2].startswith("live_" if claimed.livemode else "test_"):
        raise StripeForbidden("key_of_other_mode")
    return client.client(key, base=api_keys.api_base())


def _postpone(claimed: ClaimedTransfer, problem: Mapping[str, Any], wait_seconds: float | None) -> None:
    try:
        with db.transaction() as session:
            transfers.postpone(session, claimed, problem, wait_seconds=wait_seconds)
    except LeaseLost:
        return
    log.warning("transfer_postponed", payout_id=claimed.group, **problem)
