"""Command: records a customer sign-up, reports it where sign-ups earn, and settles the payments it concerns."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution import evidence
from app.attribution.carriers import SIGN_UP
from app.attribution.names import fold
from app.attribution.rules import NoCredit
from app.attribution.signups import partners, recognized, references
from app.attribution.signups.stated import Stated, stated_of
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.errors import NotFound
from app.organizations.actors import Actor
from app.partners.queries import directory
from app.payments import objects
from app.payments.facts import EMAIL, Kind
from app.payments.reported import facts as reported
from app.payments.reported import recording
from app.programs.models import Program
from app.signups import checks, commands
from app.signups.commands import Registration
from app.signups.models import SignUp
from app.stripe_events.scope import Scope
from app.views import instant_text

EVENT: Final = "signup"
"""The event of programs of kind `event` for which a sign-up counts without a report of its own."""
BY_SERVER: Final = "server"
PAGE: Final = 200
JOB: Final = "job:signups"


def sign_up(
    session: Session, actor: Actor, program: Program, stated: Registration, cause: Cause, *, livemode: bool
) -> tuple[SignUp, bool]:
    """Record a customer sign-up and settle the payments it concerns, in one transaction.

    Returns:
        The sign-up, and whether it is new.

    Raises:
        InvalidRequest: names the field that has no possible value.
        NotFound: `affiliate_not_found`.
    """
    signup, is_new = commands.record(session, actor, program, stated, livemode=livemode, cause=cause.by)
    if signup.settled_at is None:
        _settle(session, [signup], cause)
    return signup, is_new


def find_partner(session: Session, program: Program, name: str | None) -> UUID | None:
    """The partner of the program with this code or id; None for no name. Raises NotFound `affiliate_not_found`."""
    if not fold(name):
        return None
    found = directory.load_directory(session, program.organization_id, names=[fold(name)]).find(fold(name))
    if found is None or found.program_id != program.id:
        raise NotFound(
            "the program has no affiliate with this id or code; send program_id if it is in another program",
            code="affiliate_not_found",
            param="affiliate_id",
        )
    return found.partner_id


def settle_due(session: Session, *, now: datetime) -> bool:
    """Settle the payments of the sign-ups that are due: new ones of an import, and each once more after a while.

    A drain may read the sign-ups just before one is committed, and the sign-up may not see the drain's Stripe objects
    either; nor a visit that is stored at the same moment. There is no lock between them, so each is looked at again.

    Returns:
        Whether there may be more.
    """
    due = checks.lock_due(session, now=now, limit=PAGE)
    _settle(session, due, Cause(JOB, now))
    return len(due) == PAGE


def _settle(session: Session, signups: Sequence[SignUp], cause: Cause) -> None:
    stated = [stated_of(signup) for signup in signups]
    _report_leads(session, stated, cause)
    concerned = recognized.objects_of(session, stated)
    for scope in sorted(concerned):
        locked = objects.lock(session, scope, concerned[scope], newly_named=concerned[scope])
        settle_objects(session, scope, locked, cause)
    checks.mark_settled(session, signups, at=cause.occurred_at)


def _report_leads(session: Session, signups: Iterable[Stated], cause: Cause) -> None:
    """Report the sign-ups that the server stated in programs which pay for sign-ups, each once."""
    by_server = [signup for signup in signups if signup.source == BY_SERVER]
    for signup in by_server:
        program = session.get_one(Program, signup.program_id)
        if (program.conversion_kind, program.conversion_event_name) != ("event", EVENT):
            continue
        named = partners.credited(session, signup.organization_id, [signup])[signup.id]
        if not isinstance(named, NoCredit):
            _report(session, program, signup, cause)


def _report(session: Session, program: Program, signup: Stated, cause: Cause) -> None:
    scope = Scope(signup.organization_id, "", signup.livemode)
    object_id = reported.report_id(program.id, EVENT, signup.customer_id)
    facts: dict[str, Any] = {
        "currency": program.currency,
        "occurred_at": signup.occurred_at.isoformat(),
        "external_id": signup.customer_id,
        "project_id": EVENT,
        "event_name": EVENT,
        "reported_by": ids.encode(ids.SIGN_UP, signup.id),
        "reported_at": instant_text(cause.occurred_at),
        "cause": cause.by,
    }
    if signup.email_mark:
        facts[f"{EMAIL}{signup.email_mark}"] = True
    if recording.keep(session, scope, Kind.REPORTED, object_id, facts, root=object_id, at=cause.occurred_at):
        evidence.insert_report(
            session,
            scope,
            object_id,
            cause=cause.by,
            occurred_at=signup.occurred_at,
            carrier=SIGN_UP,
            refers_to=references.to_sign_up(signup.id),
            field_path="customer_id",
        )
