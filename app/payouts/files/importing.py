"""Importing what a provider says became of a run's payouts: each line confirms or fails its payout, or is listed."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.bulk import among
from app.commissions.settling.settlement import Cause
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor
from app.payouts import transitions
from app.payouts.files import results
from app.payouts.files.results import ResultLine
from app.payouts.models import Payout, PayoutRun
from app.payouts.steps import changes, facts

Becoming = Literal["paid", "failed"]
Said = Literal["paid", "failed", "unchanged", "waiting"]
"""What a line said of its payout: it is paid or failed by the line, was so already, or has not ended."""


@immutable
class NotApplied:
    """A line that changed nothing, and why: a code of the sentences `payout_result.…`.

    Attributes:
        payout: the payout it names; None: it names none of the run.
        becoming: what it would have made of the payout; None: it does not say.
    """

    line: ResultLine
    reason: str
    payout: Payout | None = None
    becoming: Becoming | None = None


class Applied(NamedTuple):
    """A line that agrees with what is known of its payout, or changed it."""

    line: ResultLine
    payout: Payout
    said: Said


@immutable
class Imported:
    """What a result file did.

    Attributes:
        applied: lines that fit a payout of the run.
        not_applied: lines that contradict what is known, or name no payout of the run.
    """

    applied: Sequence[Applied]
    not_applied: Sequence[NotApplied]

    def said(self, what: Said) -> Sequence[Applied]:
        """The lines that said this."""
        return [one for one in self.applied if one.said == what]


def import_results(session: Session, actor: Actor, run: PayoutRun, content: bytes, by: Cause) -> Imported:
    """Confirm and fail the run's payouts as a result file says. The same file twice changes nothing the second time.

    Args:
        session: locks the payouts, posts their entries, writes the audit entry and the outbound facts.
        actor: who imports it.
        run: whose payouts.
        content: the file.
        by: the cause of the entries, and when they happened.

    Raises:
        InvalidRequest: `results_unreadable`.
    """
    lines = results.read(content)
    named = [line.reference for line in lines if line.reference is not None]
    chosen = select(Payout.id).where(Payout.run_id == run.id, among(Payout.reference, named))
    payouts = {payout.reference: payout for payout in changes.lock(session, session.scalars(chosen).all())}
    done = _judge(lines, payouts)
    _confirm(session, done.said("paid"), by)
    _fail(session, done.said("failed"), by)
    _audited(session, actor, run, content, done)
    return done


def _judge(lines: Iterable[ResultLine], payouts: Mapping[str, Payout]) -> Imported:
    """What each line changes; the first line about a payout decides."""
    applied: list[Applied] = []
    not_applied: list[NotApplied] = []
    statuses = {reference: payout.status for reference, payout in payouts.items()}
    for line in lines:
        payout = payouts.get(line.reference or "")
        if payout is None:
            not_applied.append(NotApplied(line, "unknown_reference"))
        elif line.outcome == "unknown":
            not_applied.append(NotApplied(line, "unknown_status", payout))
        elif not line.is_about(payout.net_minor, payout.currency):
            not_applied.append(NotApplied(line, "amount_differs", payout))
        elif line.outcome == "waiting":
            applied.append(Applied(line, payout, "waiting"))
        elif statuses[payout.reference] == line.outcome:
            applied.append(Applied(line, payout, "unchanged"))
        elif payout.is_transferring:
            not_applied.append(NotApplied(line, "transfer_under_way", payout, line.outcome))
        elif statuses[payout.reference] not in transitions.UNDER_WAY:
            not_applied.append(NotApplied(line, "status_refused", payout, line.outcome))
        else:
            statuses[payout.reference] = line.outcome
            applied.append(Applied(line, payout, line.outcome))
    return Imported(applied, not_applied)


def _confirm(session: Session, paid: Sequence[Applied], by: Cause) -> None:
    for line, payout, _ in paid:
        payout.provider_id = line.provider_id or payout.provider_id
    for some in changes.batches(one.payout for one in paid):
        changes.end(session, some, "paid", by)
        facts.record(session, some, facts.PAID, by.occurred_at)


def _fail(session: Session, failed: Sequence[Applied], by: Cause) -> None:
    by_reason = defaultdict(list)
    for line, payout, _ in failed:
        payout.provider_id = line.provider_id or payout.provider_id
        by_reason[line.reason or line.status].append(payout)
    for reason, payouts in by_reason.items():
        for some in changes.batches(payouts):
            changes.end(session, some, "failed", by, reason=reason)
            facts.record(session, some, facts.FAILED, by.occurred_at)


def _audited(session: Session, actor: Actor, run: PayoutRun, content: bytes, done: Imported) -> None:
    details = {
        "confirmed": len(done.said("paid")),
        "failed": len(done.said("failed")),
        "not_applied": len(done.not_applied),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    audit.add_entry(
        session,
        actor,
        "payout_run.results_imported",
        ids.encode(ids.PAYOUT_RUN, run.id),
        details,
        organization_id=run.organization_id,
        livemode=run.livemode,
    )
