"""The log of an organization's mails: listed, one with its words, and sent again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, InvalidRequest, NotFound
from app.immutable import immutable
from app.mail import composing, views
from app.mail.recipients import Unsent
from app.mail.views import MailBody, MailDetails, Shown
from app.mail_queue import sending
from app.mail_queue.models import Mail
from app.organizations import audit
from app.organizations.actors import Actor
from app.organizations.models import Organization
from app.organizations.permissions import Caller
from app.paging import Page, load_page, owned_by
from app.partners.models import Partner
from app.people.models import Person


@immutable
class MailFilter:
    """A filter of mails: they must meet every given condition. `livemode`: the mode of what they are about, if any."""

    livemode: bool
    state: str | None = None
    kind: str | None = None
    partner_id: UUID | None = None


def partner_id_of(public_id: str | None) -> UUID | None:
    """The key of a partner by which mails are filtered; None without one. Raises InvalidRequest."""
    partner_id = ids.decode(public_id, *ids.PARTNER_PREFIXES) if public_id is not None else None
    if public_id is not None and partner_id is None:
        raise InvalidRequest("partner_id is not the id of a partner, par_…", param="partner_id")
    return partner_id


def list_mails(
    session: Session,
    organization_ids: Sequence[UUID],
    filters: MailFilter,
    *,
    limit: int,
    starting_after: str | None = None,
) -> Page[Mail]:
    """A page of mails, newest first; without sign-in links, which belong to no organization. Raises InvalidRequest."""
    matching = select(Mail).where(
        owned_by(Mail.organization_id, organization_ids),
        Mail.livemode.is_(None) | (Mail.livemode == filters.livemode),
    )
    if filters.state is not None:
        matching = matching.where(Mail.state == filters.state)
    if filters.kind is not None:
        matching = matching.where(Mail.kind == filters.kind)
    if filters.partner_id is not None:
        matching = matching.where(Mail.partner_id == filters.partner_id)
    return load_page(session, matching, Mail.id, ids.MAIL, limit=limit, starting_after=starting_after)


def get_mail(session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False) -> Mail:
    """The mail with this `mail_…` id; `to_change` locks it. Raises NotFound."""
    matching = select(Mail).where(
        Mail.id == ids.decode(public_id, ids.MAIL), Mail.organization_id.in_(organization_ids)
    )
    mail = session.scalar(matching.with_for_update() if to_change else matching)
    if mail is None:
        raise NotFound.of("mail", public_id)
    return mail


def load_bodies(session: Session, caller: Caller | None, mails: Sequence[Mail]) -> list[MailBody]:
    """The mails as the API shows them; an address only to a caller who may read those of partners or of people.

    Args:
        caller: who reads; None: the command line, which may read all.
    """
    partners = _addresses(session, Partner, {mail.partner_id for mail in mails}, caller, "partners:read")
    people = _addresses(session, Person, {mail.person_id for mail in mails}, caller, "people:read")
    owners = {mail.organization_id for mail in mails if mail.partner_id is None and mail.person_id is None}
    organizations = _addresses(session, Organization, owners, caller, "organizations:read")
    shown = {**partners, **people, **organizations}
    to = [(mail, mail.partner_id or mail.person_id or mail.organization_id) for mail in mails]
    return [views.mail_body(mail, shown.get(one) if one else None) for mail, one in to]


def load_details(session: Session, caller: Caller | None, mail: Mail, public_url: str) -> MailDetails:
    """The mail with its words as they would be sent now; tokens in its links are left out."""
    [body] = load_bodies(session, caller, [mail])
    composed = composing.preview(session, mail, public_url)
    words = None if isinstance(composed, Unsent) else Shown(subject=composed.subject, text=composed.text)
    return MailDetails(**body.model_dump(), words=words)


def resend(session: Session, actor: Actor, mail: Mail) -> None:
    """Have a mail sent again at once, with all attempts before it and another Message-ID, with an audit entry.

    Args:
        mail: locked.

    Raises:
        Conflict: `mail_sending`: it is being sent right now.
    """
    if mail.state == "sending" and mail.next_attempt_at > datetime.now(UTC):
        message = "the mail is being sent right now; look at it again in a few minutes before you send it again"
        raise Conflict(message, code="mail_sending")
    sending.make_due(session, mail, now=datetime.now(UTC))
    owner, public_id = mail.organization_id, ids.encode(ids.MAIL, mail.id)
    assert owner is not None, "sign-in links are in no log"
    details = {"kind": mail.kind}
    audit.add_entry(session, actor, "mail.resent", public_id, details, organization_id=owner, livemode=mail.livemode)


def _addresses(
    session: Session,
    model: type[Partner | Person | Organization],
    row_ids: set[UUID | None],
    caller: Caller | None,
    permission: str,
) -> dict[UUID, str | None]:
    if caller is not None and not caller.may(permission):
        return {}
    rows = session.execute(select(model.id, model.email).where(model.id.in_(row_ids - {None})))
    return {row.id: row.email for row in rows}
