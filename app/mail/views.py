"""Views of mails, in snake_case."""

from typing import Annotated, cast

from pydantic import Field

from app import ids
from app.mail_queue.kinds import KindName
from app.mail_queue.models import Mail, State
from app.paging import HasMore
from app.sentences import mails
from app.views import Instant, Snake

MailId = Annotated[str, Field(examples=["mail_01h455vb4pex5vsknk084sn02q"])]


class MailBody(Snake):
    """A mail: what it is about, to whom it goes, and what became of it. Addresses and texts are not stored."""

    id: MailId
    kind: KindName
    state: State = Field(description="`failed`: the last attempt failed, and another follows.")
    sentence: str = Field(description="What became of it, for people.")
    problem: str | None = Field(
        description="Why it was not sent: a code, or the name of a failure of the last attempt."
    )
    livemode: bool | None = Field(description="The mode of the money it is about; null: it is about none.")
    program_id: str | None
    partner_id: str | None = Field(description="The partner it goes to.")
    person_id: str | None = Field(
        description="The person it goes to; without person and partner it goes to the organization's address."
    )
    recipient: str | None = Field(
        description="The present address; null for a caller who may not read it, or where there is none."
    )
    language: str | None = Field(description="In which it was sent; null before that.")
    attempt_count: int = Field(description="Attempts since it was written or last resent.")
    resend_count: int
    created_at: Instant
    next_attempt_at: Instant | None = Field(description="While it waits.")
    finished_at: Instant | None = Field(description="When it was sent, switched off or given up.")


class MailPage(Snake):
    """A page of mails."""

    data: list[MailBody]
    has_more: HasMore


class Shown(Snake):
    """The words of a mail as they would be sent now, without tokens in its links."""

    subject: str
    text: str


class MailDetails(MailBody):
    """A mail with its words; null: what it is about is decided or gone, so it would not be sent any more."""

    words: Shown | None


def mail_body(mail: Mail, recipient: str | None) -> MailBody:
    """A mail as the API shows it."""
    waits = mail.finished_at is None
    return MailBody(
        id=ids.encode(ids.MAIL, mail.id),
        kind=cast("KindName", mail.kind),
        state=cast("State", mail.state),
        sentence=mails.sentence(mail.state, mail.problem),
        problem=mail.problem,
        livemode=mail.livemode,
        program_id=mail.program_id and ids.encode(ids.PROGRAM, mail.program_id),
        partner_id=mail.partner_id and ids.encode(ids.PARTNER, mail.partner_id),
        person_id=mail.person_id and ids.encode(ids.PERSON, mail.person_id),
        recipient=recipient,
        language=mail.language,
        attempt_count=mail.attempts,
        resend_count=mail.resends,
        created_at=mail.created_at,
        next_attempt_at=mail.next_attempt_at if waits else None,
        finished_at=mail.finished_at,
    )
