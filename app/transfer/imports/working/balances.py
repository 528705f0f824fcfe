"""Records unpaid commissions and balances of rows as opening balances of their partner."""

from sqlalchemy import exists, select

from app import ids
from app.commissions.elsewhere import opening_balances
from app.commissions.elsewhere.models import OpeningBalance
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.errors import Conflict, InvalidRequest
from app.partners.models import Partner
from app.transfer.imports.reading.refusals import RowLeftOut, RowRefused
from app.transfer.imports.reading.rows import MoneyRow
from app.transfer.imports.working.context import Became, Context


def apply(context: Context, partner: Partner, row: MoneyRow) -> Became:
    """Record what is owed; what is recorded already stays.

    Raises:
        RowRefused: `balance_differs`: it was recorded with another partner, amount or time; `date_in_future`.
        RowLeftOut: `pending`, `after_cutoff`.
    """
    job, now = context.job, context.cause.occurred_at
    if row.state == "pending" and job.leave_pending:
        raise RowLeftOut("pending")
    if row.earned_at is not None and context.cutoff_at is not None and row.earned_at >= context.cutoff_at:
        raise RowLeftOut("after_cutoff")
    if row.earned_at is not None and row.earned_at > now:
        raise RowRefused("date_in_future", "earned_at")
    earned = EarnedElsewhere(
        currency=row.currency,
        amount_minor=row.amount_minor,
        source=job.tool,
        source_id=row.commission_id or f"balance:{ids.encode(ids.PARTNER, partner.id)}:{row.currency}",
        occurred_at=row.earned_at or min(context.cutoff_at or job.created_at, now),
    )
    was_recorded = _is_recorded(context, earned)
    try:
        opening_balances.record(
            context.session, context.actor, partner, earned, livemode=job.livemode, cause=context.cause
        )
    except Conflict:
        raise RowRefused("balance_differs") from None
    except InvalidRequest as problem:
        raise RowRefused("refused", reason=problem.code) from None
    return "unchanged" if was_recorded else "created"


def _is_recorded(context: Context, earned: EarnedElsewhere) -> bool:
    same = (
        OpeningBalance.program_id == context.program.id,
        OpeningBalance.livemode == context.job.livemode,
        OpeningBalance.source == earned.source,
        OpeningBalance.source_id == earned.source_id,
    )
    return bool(context.session.scalar(select(exists().where(*same))))
