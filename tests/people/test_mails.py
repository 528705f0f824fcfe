"""Mails with sign-in links: sent once, with a link that works, and deleted with what they led to."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from app import db
from app.config import Settings
from app.mail_queue.models import Mail
from app.organizations.actors import CLI
from app.people import login_links, memberships, sessions
from app.people.models import LoginLink, PersonSession
from tests.api.mail_server import MailServer, connected, text_of
from tests.cast import Merchant
from worker import schedule
from worker.mail import sender as mails

from .conftest import OWNER, add_person, sign_in


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[MailServer]:
    with connected(settings, "Accrual <accrual@shop.example>") as server:
        yield server


def request(email: str) -> None:
    with db.web_transaction() as session:
        login_links.request_mail(session, email)


@pytest.mark.usefixtures("redis_url")
def test_mailed_link_signs_in_and_the_mail_is_sent_once(
    olga: UUID, mailbox: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    request(OWNER)
    request("unknown@example.com")
    mails.send_due()
    mails.send_due()
    [mail] = mailbox.received
    assert mail["To"] == OWNER
    [link] = re.findall(r"^http://127.0.0.1:8000/login/([\w-]+)\r?$", text_of(mail), re.MULTILINE)
    with db.web_transaction() as session:
        signed_in = sessions.find(session, login_links.consume(session, link, user_agent=""))
    assert signed_in is not None
    assert signed_in.person_id == olga
    logged = " ".join(str(record.msg) for record in caplog.records)
    assert link not in logged
    assert OWNER not in logged


@pytest.mark.usefixtures("olga")
def test_old_mails_and_mails_to_disabled_people_are_given_up(mailbox: MailServer, merchant: Merchant) -> None:
    add_person(merchant.organization_id, "vera@example.com", "viewer")
    request(OWNER)
    with db.transaction() as session:
        session.execute(text("UPDATE mails SET queued_at = now() - interval '61 minutes'"))
    request("vera@example.com")
    with db.transaction() as session:
        member = memberships.find_by_email(session, merchant.organization_id, "vera@example.com")
        memberships.disable(session, CLI, member)
    mails.send_due()
    assert mailbox.received == []
    with db.transaction() as session:
        problems = session.scalars(select(Mail.problem).order_by(Mail.created_at)).all()
    assert problems == ["mail_too_old", "person_disabled"]


@pytest.mark.usefixtures("olga")
def test_links_mails_and_sessions_are_deleted_a_day_after_they_ended() -> None:
    token = sign_in()
    request(OWNER)
    schedule.delete_ended_sign_ins()
    assert counts() == (1, 1, 1)
    with db.transaction() as session:
        session.execute(text("UPDATE mails SET created_at = now() - interval '25 hours'"))
        session.execute(text("UPDATE login_links SET expires_at = now() - interval '25 hours'"))
        sessions.revoke(session, token)
        session.execute(text("UPDATE person_sessions SET revoked_at = now() - interval '25 hours'"))
    schedule.delete_ended_sign_ins()
    assert counts() == (0, 0, 0)


def counts() -> tuple[int, ...]:
    with db.transaction() as session:
        tables = (LoginLink, Mail, PersonSession)
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)
