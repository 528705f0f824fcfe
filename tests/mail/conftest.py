"""A shop that may pay out, and a mail server that keeps what it is sent."""

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import select

from app import db
from app.config import Settings
from app.mail_queue.models import Mail
from tests.api.conftest import anonymous, caller_of
from tests.api.mail_server import MailServer, connected
from tests.payouts.conftest import owner, settings, till

__all__ = ["anonymous", "caller_of", "owner", "settings", "till"]


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[MailServer]:
    with connected(settings) as server:
        yield server


def written(*kinds: str) -> Sequence[Mail]:
    """The mails of these kinds, the first first; all without any."""
    with db.transaction() as session:
        chosen = select(Mail) if not kinds else select(Mail).where(Mail.kind.in_(kinds))
        found = session.scalars(chosen.order_by(Mail.id)).all()
        session.expunge_all()
        return found
