"""The owner of an endpoint that was disabled gets one mail about it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from tests.api.mail_server import MailServer, connected, text_of
from worker.mail import sender as mails

from .desk import Desk, let_it_have_failed_for, let_the_wait_pass
from .receivers import receiving, refuse


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[MailServer]:
    with connected(settings) as server:
        yield server


def fails_until_disabled(desk: Desk, **columns: object) -> str:
    """An endpoint that has failed for three days; gives its public id."""
    with receiving(then=refuse(500)) as receiver:
        endpoint = desk.opens(f"{receiver.url}?key=in-secret", **columns)
        desk.records(partner_id=columns.get("partner_id"))
        desk.sends()
        let_it_have_failed_for(timedelta(days=3))
        let_the_wait_pass()
        desk.sends()
    assert desk.endpoint(endpoint).disabled_at
    return ids.encode(ids.OUTBOUND_ENDPOINT, endpoint)


def test_the_merchant_gets_one_mail_that_says_what_to_do(desk: Desk, mailbox: MailServer) -> None:
    public_id = fails_until_disabled(desk)
    mails.send_due()
    mails.send_due()
    [mail] = mailbox.received
    assert mail["To"] == "shop@example.com"
    written = text_of(mail)
    assert f"webhook endpoint {public_id} (test mode)" in written
    assert f"PATCH http://127.0.0.1:8000/api/v1/webhook-endpoints/{public_id} with" in written
    assert "in-secret" not in written


def test_of_a_postback_the_partner_gets_the_mail_unless_its_address_is_unconfirmed(
    desk: Desk, mailbox: MailServer
) -> None:
    fails_until_disabled(desk, partner_id=desk.merchant.partners["ada"], secret_encrypted=None)
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET email_state = 'unconfirmed' WHERE slug = 'ben'"))
    fails_until_disabled(desk, partner_id=desk.merchant.partners["ben"], secret_encrypted=None)
    mails.send_due()
    [mail] = mailbox.received
    assert mail["To"] == "ada@partners.example"
    assert "postback URL that you set for test mode" in text_of(mail)
    with db.transaction() as session:
        actions = session.scalars(text("SELECT action FROM audit_entries WHERE action LIKE '%.disabled'")).all()
    assert actions == ["postback.disabled"] * 2


def test_a_mail_that_is_refused_is_sent_again_later(desk: Desk, mailbox: MailServer) -> None:
    fails_until_disabled(desk)
    mailbox.refusing = True
    mails.send_due()
    mailbox.refusing = False
    mails.send_due()
    assert mailbox.received == []
    with db.transaction() as session:
        session.execute(text("UPDATE mails SET next_attempt_at = now()"))
    mails.send_due()
    assert len(mailbox.received) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE outbound_endpoints SET disabled_at = NULL, disabled_reason = NULL",
        "UPDATE outbound_endpoints SET deleted_at = now()",
        "UPDATE mails SET queued_at = now() - interval '25 hours'",
        "UPDATE organizations SET email = NULL",
    ],
)
def test_a_mail_that_is_of_no_use_any_more_is_dropped(desk: Desk, mailbox: MailServer, change: str) -> None:
    fails_until_disabled(desk)
    with db.transaction() as session:
        session.execute(text(change))
    mails.send_due()
    assert mailbox.received == []
    with db.transaction() as session:
        assert session.scalar(text("SELECT state FROM mails")) == "given_up"
