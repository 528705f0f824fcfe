"""Views of runs and their previews, in snake_case."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal, cast

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.paging import HasMore
from app.payouts.files.views import PayoutFileBody, load_files
from app.payouts.methods import MethodName
from app.payouts.models import PayoutRun, PayoutRunItem
from app.payouts.reserving.commands import Previewed
from app.payouts.reserving.planning import Plan
from app.payouts.showing import queries
from app.payouts.showing.queries import RunTotals
from app.payouts.showing.views import PayoutBody, payout_body
from app.sentences import payouts as sentences
from app.sentences.payouts import SkipReason
from app.views import Instant, Snake

RunStatus = Literal["reserving", "open", "completed", "canceled"]


class RunTotalsBody(Snake):
    """What a run pays in one currency."""

    currency: str
    partners: int
    gross_cents: int
    fee_cents: int
    net_cents: int


class SkippedBody(Snake):
    """What a run does not pay, and why."""

    partner_id: str
    currency: str
    payable_cents: int = Field(description="What is payable; negative: the partner owes it.")
    minimum_cents: int = Field(description="The program's minimum in this currency.")
    reason: SkipReason
    sentence: str


class PayoutRunBody(Snake):
    """A run, or the preview of one."""

    id: str | None = Field(description="Null in a preview.", examples=["pyr_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    status: RunStatus | None = Field(description="Null in a preview.")
    cutoff_at: Instant
    created_at: Instant | None
    preview_token: str | None = Field(
        description="Only in a preview: send it with the run within 15 minutes, so that it pays exactly what is shown."
    )
    totals: list[RunTotalsBody]
    payouts: list[PayoutBody] = Field(description="At most 1,000; the list of payouts has them all.")
    skipped: list[SkippedBody] = Field(description="At most 1,000.")
    files: list[PayoutFileBody]
    has_more: HasMore


class MethodTotalsBody(RunTotalsBody):
    """What a run would pay in one currency by one method."""

    method: MethodName


class RunSummary(Snake):
    """A run in a list, with its totals."""

    id: str
    program_id: str
    status: RunStatus
    cutoff_at: Instant
    created_at: Instant
    totals: list[RunTotalsBody]


class RunData(Snake):
    """The body of an answer about a run."""

    data: PayoutRunBody


def run_body(session: Session, run: PayoutRun) -> PayoutRunBody:
    """The run with its totals, payouts and what it skipped."""
    payouts, skipped = queries.payouts_of(session, run), queries.skipped_of(session, run)
    return PayoutRunBody(
        id=ids.encode(ids.PAYOUT_RUN, run.id),
        program_id=ids.encode(ids.PROGRAM, run.program_id),
        status=cast("RunStatus", run.status),
        cutoff_at=run.cutoff_at,
        created_at=run.created_at,
        preview_token=None,
        totals=[_totals(totals) for totals in queries.totals_of(session, run)],
        payouts=[payout_body(payout) for payout in payouts.rows],
        skipped=[_skipped_item(item) for item in skipped.rows],
        files=load_files(session, run),
        has_more=payouts.has_more or skipped.has_more,
    )


def partner_ids(shown: PayoutRunBody) -> set[str]:
    """The partners that a run, or the preview of one, names."""
    return {payout.partner_id for payout in shown.payouts} | {skipped.partner_id for skipped in shown.skipped}


def run_summary(session: Session, run: PayoutRun) -> RunSummary:
    """The run with its totals."""
    return RunSummary(
        id=ids.encode(ids.PAYOUT_RUN, run.id),
        program_id=ids.encode(ids.PROGRAM, run.program_id),
        status=cast("RunStatus", run.status),
        cutoff_at=run.cutoff_at,
        created_at=run.created_at,
        totals=[_totals(totals) for totals in queries.totals_of(session, run)],
    )


def preview_body(previewed: Previewed) -> PayoutRunBody:
    """What a run would pay and skip."""
    paid = [plan for plan in previewed.plans if plan.is_paid]
    skipped = [plan for plan in previewed.plans if not plan.is_paid]
    program_id = ids.encode(ids.PROGRAM, previewed.program.id)
    return PayoutRunBody(
        id=None,
        program_id=program_id,
        status=None,
        cutoff_at=previewed.cutoff_at,
        created_at=None,
        preview_token=previewed.token,
        totals=[_totals(totals) for totals in _summed(paid)],
        payouts=[_planned(plan, program_id) for plan in paid[: queries.MOST_SHOWN]],
        skipped=[_skipped_plan(plan) for plan in skipped[: queries.MOST_SHOWN]],
        files=[],
        has_more=max(len(paid), len(skipped)) > queries.MOST_SHOWN,
    )


def method_totals(previewed: Previewed) -> list[MethodTotalsBody]:
    """What a run would pay by each method in each currency."""
    by_method = defaultdict(list)
    for plan in previewed.plans:
        if plan.is_paid and plan.method is not None:
            by_method[plan.method.method].append(plan)
    return [
        MethodTotalsBody(method=method, **_totals(totals).model_dump())
        for method, plans in sorted(by_method.items())
        for totals in _summed(plans)
    ]


def _totals(totals: RunTotals) -> RunTotalsBody:
    return RunTotalsBody(
        currency=totals.currency,
        partners=totals.partners,
        gross_cents=totals.gross_minor,
        fee_cents=totals.fee_minor,
        net_cents=totals.net_minor,
    )


def _summed(paid: Sequence[Plan]) -> list[RunTotals]:
    by_currency = defaultdict(list)
    for plan in paid:
        by_currency[plan.owed.currency].append(plan.amounts)
    return [
        RunTotals(
            currency,
            len(every),
            sum(each.gross_minor for each in every),
            sum(each.fee_minor for each in every),
            sum(each.net_minor for each in every),
        )
        for currency, every in sorted(by_currency.items())
    ]


def _planned(plan: Plan, program_id: str) -> PayoutBody:
    assert plan.method is not None, "what is paid has a method"
    return PayoutBody(
        id=None,
        run_id=None,
        partner_id=ids.encode(ids.PARTNER, plan.owed.partner_id),
        program_id=program_id,
        currency=plan.owed.currency,
        gross_cents=plan.amounts.gross_minor,
        fee_cents=plan.amounts.fee_minor,
        net_cents=plan.amounts.net_minor,
        returned_cents=0,
        method=plan.method.method,
        destination=dict(plan.method.masked),
        status=None,
        reference=None,
        provider_id=None,
        failure_reason=None,
        created_at=None,
        sent_at=None,
        paid_at=None,
        commission_count=plan.owed.commission_count,
    )


def _skipped_plan(plan: Plan) -> SkippedBody:
    return _skipped(
        ids.encode(ids.PARTNER, plan.owed.partner_id),
        plan.owed.currency,
        plan.owed.payable_minor,
        plan.minimum_minor,
        plan.reason,
        dict(plan.details),
    )


def _skipped_item(item: PayoutRunItem) -> SkippedBody:
    return _skipped(
        ids.encode(ids.PARTNER, item.partner_id),
        item.currency,
        item.payable_minor,
        item.minimum_minor,
        item.reason,
        item.details,
    )


def _skipped(
    partner_id: str,
    currency: str,
    payable_minor: int,
    minimum_minor: int,
    reason: str | None,
    details: dict[str, Any],
) -> SkippedBody:
    return SkippedBody(
        partner_id=partner_id,
        currency=currency,
        payable_cents=payable_minor,
        minimum_cents=minimum_minor,
        reason=cast("SkipReason", reason),
        sentence=sentences.skipped(reason, details, payable_minor, minimum_minor, currency),
    )
