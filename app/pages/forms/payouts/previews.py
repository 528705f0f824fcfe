"""The preview of a run: whom it would pay, whom not and why; and the form that starts exactly this run."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from flask import g, redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app import ids, jobs, refusals
from app.errors import Conflict, InvalidRequest, NotFound
from app.http import configured
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Dated, Day, asked, blueprint, sent
from app.pages.console.programs import options, program_named
from app.pages.signed_in import SignedIn
from app.partners.payout_methods.destinations.fields import METHODS
from app.partners.queries.codes import load_codes
from app.payouts.methods import MethodName
from app.payouts.models import PayoutRun
from app.payouts.reserving import commands, requests
from app.payouts.reserving.requests import RunRequest
from app.payouts.showing import run_views
from app.programs import programs
from app.programs.models import Program
from app.views import Request

_SEPARATORS: Final = re.compile(r"[\s,;]+")
Named = Annotated[str, Field(max_length=10_000)]


class PreviewQuery(Request):
    """Whom and what a run is limited to; lists are separated by spaces, commas or line ends."""

    program: str | None = None
    partners: Named = ""
    exclude: Named = ""
    currencies: Annotated[str, Field(max_length=800)] = ""
    methods: list[MethodName] = Field(default=[])
    approved_until: Day | None = None

    def request(self, session: Session, program: Program, preview_token: str | None = None) -> RunRequest:
        """The request of the command. Raises NotFound: a partner is not one of the program."""
        partners, excluded = _split(self.partners), _split(self.exclude)
        return RunRequest(
            cutoff_at=None if preview_token else self._cutoff_at,
            partner_ids=requests.partner_ids_of(session, program, partners),
            exclude_partner_ids=requests.partner_ids_of(session, program, excluded),
            currencies=_split(self.currencies.lower()),
            methods=self.methods,
            preview_token=preview_token,
        )

    @property
    def _cutoff_at(self) -> datetime | None:
        """The end of the day in UTC; of the present day, now."""
        now = datetime.now(UTC)
        ended = Dated(until=self.approved_until).span.until
        return now if self.approved_until == now.date() else ended


class Start(Request):
    """The preview that is to be paid."""

    preview_token: Annotated[str, Field(max_length=2000)]


@blueprint.get("/payout-runs/preview")
@signed_in.page("payouts:write")
def preview_run(session: Session, who: SignedIn) -> ResponseReturnValue:
    """What a run would pay by method and currency, to whom, and whom it would skip and why."""
    query, program, every = _asked(session, who)
    previewed, totals, status = None, [], 200
    try:
        if program is not None:
            made = commands.preview(session, program, query.request(session, program), livemode=who.caller.livemode)
            previewed, totals = run_views.preview_body(made), run_views.method_totals(made)
    except (InvalidRequest, NotFound) as refusal:
        g.refusal, status = refusal.message, refusals.status_of(refusal)
    return layout.render(
        "console/paying/preview.html",
        who,
        status=status,
        asked=query,
        programs=options(every),
        chosen=program and ids.encode(ids.PROGRAM, program.id),
        methods=METHODS,
        shown=previewed,
        totals=totals,
        codes=load_codes(session, run_views.partner_ids(previewed) if previewed else ()),
        is_switched_on=configured.settings().payouts_live,
    )


@blueprint.post("/payout-runs/preview")
@signed_in.form("payouts:write", shown_on=preview_run)
def start_run(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Start the run that was previewed. A repeat leads to the run that was started."""
    query, program, _ = _asked(session, who)
    if program is None:
        raise InvalidRequest("there is no program to pay for; create one first", param="program")
    token = sent(Start).preview_token
    run, code = _start(session, who, program, query.request(session, program, token))
    jobs.wake(jobs.PAYOUT_RUNS)
    address = url_for("console.payout_run", payout_run_id=ids.encode(ids.PAYOUT_RUN, run.id))
    return layout.flash(redirect(address, 303), code)


def _start(session: Session, who: SignedIn, program: Program, request: RunRequest) -> tuple[PayoutRun, str]:
    """The run, and the message about it. A form that was sent twice finds the run of the first time."""
    livemode = who.caller.livemode
    try:
        with session.begin_nested():
            return commands.create(session, who.caller, program, request, livemode=livemode), "run_started"
    except Conflict:
        assert request.preview_token is not None
        made = commands.find_made(session, program, request.preview_token, livemode=livemode)
        if made is None:
            raise
        return made, "run_was_started"


def _asked(session: Session, who: SignedIn) -> tuple[PreviewQuery, Program | None, list[Program]]:
    query = asked(PreviewQuery)
    every = list(programs.list_programs(session, who.caller.organization_ids, limit=ROWS).rows)
    return query, program_named(session, who, query.program, every), every


def _split(text: str) -> list[str]:
    return [one for one in _SEPARATORS.split(text) if one]
