"""Commands about a payout: confirm, fail, cancel and return it, each with its audit entry and outbound fact."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy.orm import Session

from app import ids
from app.commissions.settling import payout_postings
from app.commissions.settling.payout_postings import Step
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.money import format_money
from app.organizations import audit
from app.organizations.actors import Actor
from app.payouts import amounts, transitions
from app.payouts.connect import transfers
from app.payouts.models import Payout, PayoutReturn
from app.payouts.steps import changes, confirming, facts, run_states
from app.payouts.transitions import PayoutStatus
from app.texts import require_line
from app.views import instant_text


def confirm(
    session: Session,
    actor: Actor,
    payout: Payout,
    by: Cause,
    *,
    reference: str | None = None,
    paid_at: datetime | None = None,
) -> Payout:
    """Record that a payout has reached the partner.

    Args:
        session: posts the entry, writes the audit entry and the outbound fact.
        actor: who confirms.
        payout: which one.
        by: the cause of the entry; its time is now.
        reference: the name of the payment at the bank or the provider; stored as `provider_id`.
        paid_at: when it was paid; None: now.

    Raises:
        Conflict: `status_refused`: it cannot become paid; `transfer_under_way`: Stripe is asked for its outcome.
        InvalidRequest: `paid_at` is in the future or before the payout, or `reference` is not one line of text.
    """
    payout = _locked(session, payout)
    _refuse_transfer_under_way(payout)
    transitions.require(_status(payout), "paid")
    confirming.require_paid_at([payout], paid_at, by)
    if reference:
        payout.provider_id = require_line(reference, param="reference")
    changes.end(session, [payout], "paid", replace(by, occurred_at=paid_at or by.occurred_at))
    return noted(session, actor, "payout.paid", payout, by)


def fail(session: Session, actor: Actor, payout: Payout, by: Cause, *, reason: str) -> Payout:
    """Record that a payout did not reach the partner; its amounts are payable again.

    Raises:
        Conflict: `status_refused`; `transfer_under_way`: Stripe is asked for its outcome.
        InvalidRequest: without a reason.
    """
    reason = _reason(reason)
    payout = _locked(session, payout)
    _refuse_transfer_under_way(payout)
    transitions.require(_status(payout), "failed")
    changes.end(session, [payout], "failed", by, reason=reason)
    return noted(session, actor, "payout.failed", payout, by)


def cancel(
    session: Session, actor: Actor, payout: Payout, by: Cause, *, force: bool = False, reason: str = ""
) -> Payout:
    """Cancel a payout that was not paid; its amounts are payable again.

    Args:
        session: posts the entry and writes the audit entry.
        actor: who cancels.
        payout: which one.
        by: the cause of the entry.
        force: also if its file was downloaded; takes a reason. The file's line must not be paid any more.
        reason: why.

    Raises:
        Conflict: `status_refused`; `transfer_under_way`: Stripe was asked for its transfer; `file_taken`: its file was
            downloaded, and `force` was not sent.
        InvalidRequest: forced without a reason.
    """
    reason = _reason(reason) if reason else ""
    payout = _locked(session, payout)
    is_unsent = payout.is_transferring and transfers.withdraw(session, payout.id)
    transitions.require(
        _status(payout), "canceled", is_unsent=is_unsent, is_by_file=payout.is_by_file, force=force, reason=reason
    )
    was_sent = payout.status == "sent"
    changes.end(session, [payout], "canceled", by, reason=reason)
    return noted(session, actor, "payout.canceled", payout, by, {"was_sent": was_sent})


def give_back(
    session: Session,
    actor: Actor,
    payout: Payout,
    by: Cause,
    *,
    amount_minor: int,
    reason: str,
    provider_id: str | None = None,
    returned_at: datetime | None = None,
) -> Payout:
    """Record that money of a payout came back, the whole or a part, perhaps weeks later; that is payable again.

    A payout that was only sent counts as paid first.

    Args:
        session: posts the entries, writes the return, the audit entry and the outbound fact.
        actor: who records it.
        payout: which one.
        by: the cause of the entries.
        amount_minor: how much of the net came back, minor units, at most what is left of it.
        reason: why it came back.
        provider_id: the name of the return at the provider.
        returned_at: when it came back; None: at the time of `by`.

    Raises:
        Conflict: `status_refused`: it was not paid, or all of it came back already; `transfer_under_way`.
        InvalidRequest: without a reason, with an amount that is not between 1 and what is left, or `returned_at` is in
            the future or before it was paid.
    """
    reason = _reason(reason)
    payout = _locked(session, payout)
    _refuse_transfer_under_way(payout)
    left_minor = payout.net_minor - payout.returned_net_minor
    transitions.require(_status(payout), "returned", is_all_back=left_minor == 0)
    if not 1 <= amount_minor <= left_minor:
        most = format_money(left_minor, payout.currency)
        message = f"amount_cents must be between 1 and {left_minor}: {most} of the payout has not come back"
        raise InvalidRequest(message, param="amount_cents")
    by = _returned(payout, returned_at, by)
    if payout.status in transitions.UNDER_WAY:
        changes.end(session, [payout], "paid", by)
    _post_return(session, payout, by, amount_minor, reason, provider_id)
    run_states.conclude(session, [payout.run_id])
    return noted(session, actor, "payout.returned", payout, by, {"amount_minor": amount_minor})


def _returned(payout: Payout, returned_at: datetime | None, by: Cause) -> Cause:
    """The cause with the time of a return. Raises InvalidRequest."""
    if returned_at is None:
        return by
    earliest = payout.paid_at or payout.created_at
    if not earliest <= returned_at <= by.occurred_at:
        message = f"returned_at must be between {instant_text(earliest)}, when it was paid, and now"
        raise InvalidRequest(message, param="returned_at")
    return replace(by, occurred_at=returned_at)


def _post_return(
    session: Session, payout: Payout, by: Cause, amount_minor: int, reason: str, provider_id: str | None
) -> None:
    lines = changes.lines_of(session, [payout.id])[payout.id]
    back = amounts.returned(lines, payout.returned_net_minor, amount_minor)
    taken = payout_postings.take(session, [line.commission_id for line in back.lines])
    number = changes.next_return(session, payout)
    public_id = ids.encode(ids.PAYOUT, payout.id)
    parts = [
        (taken[line.commission_id], payout_postings.returning(line.gross_minor, line.fee_minor)) for line in back.lines
    ]
    step = Step(f"{public_id}:returned:{number}", "payout_returned", parts, {"payout_id": public_id}, reason)
    payout_postings.post(session, [step], by)
    session.add(
        PayoutReturn(
            payout_id=payout.id,
            number=number,
            organization_id=payout.organization_id,
            livemode=payout.livemode,
            gross_minor=back.gross_minor,
            fee_minor=back.fee_minor,
            net_minor=back.net_minor,
            reason=reason,
            provider_id=provider_id,
            occurred_at=by.occurred_at,
        )
    )
    payout.returned_gross_minor += back.gross_minor
    payout.returned_fee_minor += back.fee_minor
    payout.returned_net_minor += back.net_minor
    payout.status = "returned"
    session.flush()


def _locked(session: Session, payout: Payout) -> Payout:
    [locked] = changes.lock(session, [payout.id])
    return locked


def _refuse_transfer_under_way(payout: Payout) -> None:
    """Refuse what people say about a transfer whose outcome only Stripe knows. Raises Conflict."""
    if payout.is_transferring:
        raise Conflict(transitions.TRANSFER_UNDER_WAY, code="transfer_under_way")


def _status(payout: Payout) -> PayoutStatus:
    return cast("PayoutStatus", payout.status)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise InvalidRequest("reason is required", param="reason")
    return require_line(reason, param="reason")


def noted(
    session: Session,
    actor: Actor,
    action: Literal["payout.paid", "payout.failed", "payout.canceled", "payout.returned"],
    payout: Payout,
    by: Cause,
    details: Mapping[str, Any] | None = None,
) -> Payout:
    """Write the audit entry of a change, and its outbound fact; there is none of a cancel, by which nothing leaves."""
    subject_id, owner, livemode = ids.encode(ids.PAYOUT, payout.id), payout.organization_id, payout.livemode
    values = {"net_minor": payout.net_minor, "currency": payout.currency, **(details or {})}
    audit.add_entry(session, actor, action, subject_id, values, organization_id=owner, livemode=livemode)
    if action != "payout.canceled":
        facts.record(session, [payout], action, by.occurred_at)
    return payout
