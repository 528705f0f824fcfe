"""Views of files of payouts and of imported results, shared by all surfaces."""

from collections.abc import Sequence
from typing import Literal, cast

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.payouts.files.importing import Imported, NotApplied, Said
from app.payouts.files.models import PayoutFile
from app.payouts.files.results import ResultLine
from app.payouts.methods import FileKind, MethodName
from app.payouts.models import Payout, PayoutRun
from app.sentences import payouts as sentences
from app.views import Instant, Snake

FileStatus = Literal["current", "void"]


class PayoutFileBody(Snake):
    """A file with payouts of a run."""

    id: str = Field(examples=["pyf_01h455vb4pex5vsknk084sn02q"])
    method: MethodName
    kind: FileKind
    currency: str
    name: str = Field(examples=["payouts-paypal-usd-2026-11-28-084sn02q.csv"])
    lines: int
    net_cents: int = Field(description="The sum of its lines.")
    sha256: str
    status: FileStatus = Field(
        description="`void`: a payout of it was canceled after the download, so its line must not be paid."
    )
    created_at: Instant
    downloaded_at: Instant | None = Field(description="The first download, which made its payouts `sent`.")


class NotAppliedBody(Snake):
    """A line of a result file that changed nothing, and why."""

    line: int = Field(description="Its number in the file; the header is 1.")
    reference: str | None = Field(description="Null: it has no valid reference.")
    payout_id: str | None
    reason: Literal["unknown_reference", "unknown_status", "amount_differs", "status_refused", "transfer_under_way"]
    sentence: str


class ImportedBody(Snake):
    """What a result file did."""

    run_id: str
    confirmed: int = Field(description="Payouts that are paid by it.")
    failed: int = Field(description="Payouts that failed by it.")
    unchanged: int = Field(description="Lines that say what was known.")
    waiting: int = Field(description="Lines about payments that have not ended.")
    not_applied: list[NotAppliedBody]


class ResultLineBody(Snake):
    """A line of a result file, the payout that it names, and what it did."""

    line: int
    reference: str | None
    said: Said | Literal["not_applied"]
    sentence: str | None
    """Why it was not applied."""
    payout_id: str | None
    partner_id: str | None
    net_cents: int | None
    currency: str | None


def load_files(session: Session, run: PayoutRun) -> list[PayoutFileBody]:
    """The files of a run that were not replaced, in the order they were made."""
    shown = (
        select(PayoutFile)
        .where(PayoutFile.run_id == run.id, PayoutFile.status.in_(("current", "void")))
        .order_by(PayoutFile.id)
    )
    return [file_body(file) for file in session.scalars(shown)]


def imported_body(run: PayoutRun, done: Imported) -> ImportedBody:
    """What a result file did, with the lines that changed nothing."""
    return ImportedBody(
        run_id=ids.encode(ids.PAYOUT_RUN, run.id),
        confirmed=len(done.said("paid")),
        failed=len(done.said("failed")),
        unchanged=len(done.said("unchanged")),
        waiting=len(done.said("waiting")),
        not_applied=_not_applied(done.not_applied),
    )


def result_lines(done: Imported) -> list[ResultLineBody]:
    """Every line of a result file, in its order."""
    every = [_result_line(one.line, one.payout, one.said) for one in done.applied]
    every += [_result_line(one.line, one.payout, "not_applied", _sentence(one)) for one in done.not_applied]
    return sorted(every, key=lambda one: one.line)


def _result_line(
    line: ResultLine, payout: Payout | None, said: Said | Literal["not_applied"], sentence: str | None = None
) -> ResultLineBody:
    return ResultLineBody(
        line=line.number,
        reference=line.reference,
        said=said,
        sentence=sentence,
        payout_id=None if payout is None else ids.encode(ids.PAYOUT, payout.id),
        partner_id=None if payout is None else ids.encode(ids.PARTNER, payout.partner_id),
        net_cents=None if payout is None else payout.net_minor,
        currency=None if payout is None else payout.currency,
    )


def file_body(file: PayoutFile) -> PayoutFileBody:
    """The file, without its content."""
    return PayoutFileBody(
        id=ids.encode(ids.PAYOUT_FILE, file.id),
        method=cast("MethodName", file.method),
        kind=file.file_kind,
        currency=file.currency,
        name=file.name,
        lines=file.lines,
        net_cents=file.net_minor,
        sha256=file.sha256,
        status=cast("FileStatus", file.status),
        created_at=file.created_at,
        downloaded_at=file.downloaded_at,
    )


def _not_applied(every: Sequence[NotApplied]) -> list[NotAppliedBody]:
    return [
        NotAppliedBody(
            line=one.line.number,
            reference=one.line.reference,
            payout_id=None if one.payout is None else ids.encode(ids.PAYOUT, one.payout.id),
            reason=one.reason,
            sentence=_sentence(one),
        )
        for one in every
    ]


def _sentence(one: NotApplied) -> str:
    if one.payout is None:
        return sentences.result_not_applied(one.reason)
    return sentences.result_not_applied(
        one.reason,
        status=one.line.status,
        found=" ".join(filter(None, [one.line.amount, (one.line.currency or "").upper()])),
        net_minor=one.payout.net_minor,
        currency=one.payout.currency,
        payout_status=one.payout.status,
        becoming=one.becoming,
    )
