"""Commands: a partner, or its owner, chooses the partner's payout method."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from app import db
from app.errors import Conflict, InvalidRequest
from app.organizations import actors
from app.organizations.permissions import Caller
from app.partners.managing import outbound_facts
from app.partners.models import Partner
from app.partners.payout_methods import commands
from app.partners.payout_methods.destinations import kinds
from app.partners.payout_methods.destinations.fields import Destination
from app.payouts import methods
from app.payouts.files import kinds as files
from app.payouts.files.lines import FileLine
from app.payouts.methods import MethodName, Payer
from app.programs.models import Program
from app.sentences import payouts as sentences

ANY_NAME: Final = "Name"
"""For the partner's own name, which is no part of the destination."""
ANY_PAYER: Final = Payer(has_debtor=True, has_source_currency=True, has_listener=True, has_stripe_key=True)
"""An owner who has set up everything: what is refused then, no setting can change."""


def choose(
    session: Session, actor: actors.Actor, partner: Partner, method: MethodName, given: Mapping[str, str | None]
) -> None:
    """Pay the partner by `method` to the `given` destination from now on. Payouts that are reserved keep theirs.

    What the owner has not set up yet is no reason to refuse; `views.load_body` shows it. `session` must see the owner's
    rows, for the outbound webhook.

    Raises:
        InvalidRequest: names the field, without its value; also if a file of payouts cannot hold it.
        Conflict: `method_unavailable`: the method does not pay to that country, or not in the program's currency.
    """
    _write(session, actor, partner, method, given)
    outbound_facts.record(session, partner, outbound_facts.UPDATED)


def choose_own(
    session: Session, caller: Caller, partner: Partner, method: MethodName, given: Mapping[str, str | None]
) -> None:
    """As `choose`, by the partner itself in its `own_transaction`, which then sees the owner's rows."""
    _write(session, caller, partner, method, given)
    db.narrow_to_organizations(session, [partner.organization_id], livemode=caller.livemode)
    outbound_facts.record(session, partner, outbound_facts.UPDATED)


def _write(
    session: Session, actor: actors.Actor, partner: Partner, method: MethodName, given: Mapping[str, str | None]
) -> None:
    destination = kinds.validate(method, given)
    program = session.get_one(Program, partner.program_id)
    refusal = methods.refusal(method, destination.country, program.currency, None, ANY_PAYER)
    if refusal is not None:
        sentence = sentences.refusal(refusal.details)
        param = "country" if refusal.code == "country" else "method"
        raise Conflict(f"{sentence} Choose another method.", code="method_unavailable", param=param)
    _check_line(destination, program.currency)
    commands.choose(session, actor, partner, destination)


def _check_line(destination: Destination, currency: str) -> None:
    """Refuse what could not be in a file of payouts in this currency, such as a name that banks have no letters for.

    Raises:
        InvalidRequest: names the field.
    """
    if methods.file_kind(destination.method, currency, destination.country) is None:
        return
    line = FileLine(
        method=destination.method,
        currency=currency,
        country=destination.country,
        net_minor=1,
        reference="",
        name=ANY_NAME,
        destination=destination.fields,
    )
    problem = files.problem(line)
    if problem is not None:
        raise InvalidRequest(sentences.refusal(problem.details), param=str(problem.params["field"]))
