"""Tools for payout runs, for the owner of a program: preview one, then ask for exactly what was shown."""

from typing import Annotated, Final

from pydantic import Field

from app import jobs
from app.mcp.calls import Call
from app.mcp.tools.programs import find
from app.organizations import access
from app.payouts.reserving import commands
from app.payouts.showing import run_views
from app.payouts.showing.run_views import PayoutRunBody, RunData
from app.rest.payouts.requests import RunConditions
from app.rest.programs.requests import ProgramPath

MOST_LISTED: Final = 50
"""Payouts, and parts that are not paid, in an answer: an agent reads all of it. REST lists a thousand."""


class PreviewedRun(RunConditions):
    """A run that was previewed."""

    preview_token: Annotated[str, Field(max_length=2000)]


def preview(call: Call, path: ProgramPath, body: RunConditions) -> RunData:
    """Show what a payout run would pay and skip now, with the preview_token that a run needs. Changes nothing.

    totals has everything, payouts and skipped the first 50 each.
    """
    with access.transaction(call.caller) as session:
        program = find(session, call.caller, path.program_id)
        previewed = commands.preview(session, program, body.asked(), livemode=call.caller.livemode)
        return cut(run_views.preview_body(previewed))


def run(call: Call, path: ProgramPath, body: PreviewedRun) -> RunData:
    """Pay what a preview showed: moves money. Send the preview's fields and preview_token; else nothing is paid."""
    with access.transaction(call.caller) as session:
        program = find(session, call.caller, path.program_id)
        asked = body.asked(body.preview_token)
        made = commands.create(session, call.caller, program, asked, livemode=call.caller.livemode)
        shown = run_views.run_body(session, made)
    jobs.wake(jobs.PAYOUT_RUNS)
    return cut(shown)


def cut(run: PayoutRunBody) -> RunData:
    """The run with the first of its payouts and of what it skips."""
    has_more = run.has_more or max(len(run.payouts), len(run.skipped)) > MOST_LISTED
    listed = {"payouts": run.payouts[:MOST_LISTED], "skipped": run.skipped[:MOST_LISTED]}
    return RunData(data=run.model_copy(update={**listed, "has_more": has_more}))
