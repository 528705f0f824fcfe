"""Links to Stripe's onboarding: requested, and awaited for a moment, because another process makes them."""

import time
from threading import BoundedSemaphore
from typing import Final

from app import jobs
from app.organizations import stored_responses
from app.organizations.permissions import Caller
from app.partners.partner_side import writing
from app.payouts.connect import commands, views
from app.payouts.connect.commands import ReturnAddresses
from app.programs.validation import valid_address

WAIT_SECONDS: Final = 4.0
"""How long a request for a link waits for the process that asks Stripe. No transaction is open meanwhile."""
POLL_SECONDS: Final = 0.1
WAITING: Final = BoundedSemaphore(2)
"""Requests of a process that may wait at once, so that threads are left for everything else."""


def obtain(
    caller: Caller, program_id: str | None, *, return_url: str | None, refresh_url: str | None, home: str
) -> views.PayoutAccountLink:
    """The onboarding link of the caller's enrollment; its `url` is None if the link is not ready in time.

    Args:
        caller: whose organization is enrolled.
        program_id: the program; None: the only one it is enrolled in.
        return_url: where Stripe sends the partner afterwards; None: `home`.
        refresh_url: where Stripe sends it for another link; None: `home`.
        home: the address of this server.

    Raises:
        InvalidRequest: an address is not one, or the enrollment is not named.
        NotFound, Forbidden: as `writing.own_transaction`.
    """
    addresses = ReturnAddresses(
        valid_address(return_url, param="return_url") if return_url else home,
        valid_address(refresh_url, param="refresh_url") if refresh_url else home,
    )
    shown = _take(caller, program_id, addresses)
    if shown.url is None:
        jobs.wake(jobs.ACCOUNTS)
        shown = _wait(caller, program_id, shown)
    return shown


def _take(caller: Caller, program_id: str | None, addresses: ReturnAddresses | None) -> views.PayoutAccountLink:
    """The link if it is ready; else, with `addresses`, it is requested, and the account with it if there is none."""
    with writing.own_transaction(caller, program_id) as (session, partner):
        row = commands.open_account(session, caller, partner, None, livemode=caller.livemode)
        link = commands.take_link(session, caller, partner, row)
        if link is None and addresses is not None:
            commands.request_link(session, row, addresses)
        return views.payout_account_link(row, link)


def _wait(caller: Caller, program_id: str | None, shown: views.PayoutAccountLink) -> views.PayoutAccountLink:
    """The link as soon as it is ready, or `shown` if it is not in time."""
    if stored_responses.is_joining() or not WAITING.acquire(blocking=False):
        return shown
    try:
        stop_at = time.monotonic() + WAIT_SECONDS
        while shown.url is None and time.monotonic() < stop_at:
            time.sleep(POLL_SECONDS)
            shown = _take(caller, program_id, None)
    finally:
        WAITING.release()
    return shown
