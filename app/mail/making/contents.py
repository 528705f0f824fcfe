"""What each kind of mail has to say besides its words: values, links and amounts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from sqlalchemy.orm import Session

from app.immutable import immutable
from app.mail.recipients import Unsent
from app.mail_queue.models import Mail
from app.organizations.models import Organization
from app.partners.models import Partner
from app.programs.models import Program
from app.sentences.say import Value, say


@immutable
class Link:
    """A link in a mail, with its words. It may have a token, so it never reaches a log."""

    words: str
    url: str = field(repr=False)


@immutable
class Content:
    """What a mail's words are filled with.

    Attributes:
        values: by the names of the placeholders.
        links: what the reader can open.
        table: amounts with their names.
    """

    values: Mapping[str, Value]
    links: Sequence[Link] = ()
    table: Sequence[tuple[str, Value]] = ()


@immutable
class About:
    """What a mail is about.

    Attributes:
        brand_name: what the program calls itself towards its partners.
        is_preview: it is only shown, so no link gets a token.
    """

    session: Session
    mail: Mail
    organization: Organization | None
    program: Program | None
    partner: Partner | None
    brand_name: str
    public_url: str
    is_preview: bool

    @property
    def details(self) -> Mapping[str, Any]:
        """The mail's own ids, codes and figures."""
        return self.mail.details

    def link(self, path: str) -> Link:
        """A link to a page of this installation, with the words of the mail's kind."""
        return Link(say(f"mail.{self.mail.kind}.link"), f"{self.public_url}{path}")


Maker = Callable[[About], Content | Unsent]
