"""From when on payments earn in a program: the form, the check that counts the payments concerned, and the change."""

from datetime import datetime
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere import cutoffs
from app.http import causes
from app.pages import layout, signed_in
from app.pages.console.frame import Day, begin_of, blueprint, sent
from app.pages.console.programs import find
from app.pages.forms.programs.settings import to_program
from app.pages.signed_in import SignedIn
from app.programs import cutoffs as stored
from app.programs.models import Program
from app.views import Request


class Cutoff(Request):
    """The first day in UTC whose payments earn; None: every payment earns."""

    first_day: Day | None = None

    @property
    def at(self) -> datetime | None:
        """The beginning of the day."""
        return None if self.first_day is None else begin_of(self.first_day)


@blueprint.get("/programs/<program_id>/cutoff")
@signed_in.page("payouts:write")
def program_cutoff(session: Session, who: SignedIn, program_id: str) -> Response:
    """The form with the present cut-off of the mode."""
    return _render(who, find(session, who, program_id))


@blueprint.post("/programs/<program_id>/cutoff/check")
@signed_in.form("payouts:write", shown_on=program_cutoff)
def check_program_cutoff(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """How many payments another cut-off concerns; changes nothing."""
    program, asked = find(session, who, program_id), sent(Cutoff)
    cause, livemode = causes.this_request(), who.caller.livemode
    between = cutoffs.try_out(session, who.caller, program, livemode=livemode, cutoff_at=asked.at, cause=cause)
    return _render(who, program, asked=asked, between=between)


@blueprint.post("/programs/<program_id>/cutoff")
@signed_in.form("payouts:write", shown_on=program_cutoff)
def set_program_cutoff(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Set the cut-off; the differences of payments before it are posted soon after."""
    program, asked = find(session, who, program_id), sent(Cutoff)
    cause, livemode = causes.this_request(), who.caller.livemode
    cutoffs.set_cutoff(session, who.caller, program, livemode=livemode, cutoff_at=asked.at, cause=cause)
    return layout.flash(to_program(program_id), "cutoff_set")


def _render(who: SignedIn, program: Program, **checked: Any) -> Response:
    present = stored.of(program, livemode=who.caller.livemode)
    values = request.form or {"first_day": "" if present is None else present.date().isoformat()}
    return layout.render(
        "console/programs/cutoff.html",
        who,
        program_id=ids.encode(ids.PROGRAM, program.id),
        name=program.name,
        present=present,
        values=values,
        **checked,
    )
