"""`accrual mails`: what became of mails, their words, and sending one again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.errors import InvalidRequest
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.mail.views import MailBody

commands = typer.Typer(help="Mails to partners and to those who manage an organization.", no_args_is_help=True)

MailId = Annotated[str, typer.Argument(metavar="ID", help="The mail's id, mail_…")]


@commands.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="queued, sending, failed, sent, switched_off or given_up. Default: every state.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="A kind, such as payout_sent. Default: every kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the newest mails with what became of them."""
    from app.mail import log
    from app.mail.log import MailFilter
    from app.mail_queue.kinds import KINDS
    from app.mail_queue.models import STATES

    _require_known("state", state, STATES)
    _require_known("kind", kind, KINDS)
    with organizations.reading(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        filters = MailFilter(is_live(livemode, settings), state, kind)
        page = log.list_mails(session, owners, filters, limit=limit)
        bodies = log.load_bodies(session, None, page.rows)
    printing.listing([_printed(body, as_json=as_json) for body in bodies], as_json=as_json)


@commands.command()
def show(
    mail_id: MailId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Show a mail with its words as they would be sent now."""
    from app.mail import log

    with organizations.reading(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        body = log.load_details(session, None, log.get_mail(session, owners, mail_id), settings.public_url)
    printing.record(_printed(body, as_json=as_json), as_json=as_json)
    if body.words is not None and not as_json:
        printing.say(f"\nSubject: {body.words.subject}\n\n{body.words.text}")


@commands.command()
def resend(
    mail_id: MailId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Send a mail again, with new links; what is switched off now is not sent."""
    from app.mail import log

    with organizations.opened(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        mail = log.get_mail(session, owners, mail_id, to_change=True)
        log.resend(session, CLI, mail)
        [body] = log.load_bodies(session, None, [mail])
    printing.record(_printed(body, as_json=as_json), as_json=as_json)


def _require_known(name: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise InvalidRequest(f"{name} {value!r} is unknown; use one of {', '.join(known)}", param=name)


def _printed(body: MailBody, *, as_json: bool) -> dict[str, Any]:
    if as_json:
        return body.model_dump(mode="json")
    return {
        "id": body.id,
        "kind": body.kind,
        "to": body.recipient,
        "state": body.state,
        "outcome": body.sentence,
        "created_at": body.created_at,
    }
