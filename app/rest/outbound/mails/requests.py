"""Paths and queries of mails."""

from pydantic import Field

from app.mail_queue.kinds import KindName
from app.mail_queue.models import State
from app.paging import After
from app.views import Request


class MailQuery(Request):
    """Which mails, and which page."""

    state: State | None = None
    kind: KindName | None = None
    partner_id: str | None = Field(default=None, description="Mails to this partner, `par_…`.")
    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class MailPath(Request):
    """Which mail."""

    mail_id: str = Field(description="A mail's id, `mail_…`.")
