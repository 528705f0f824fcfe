"""The one mail there is: to the owner of an address that somebody signed up with."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from tests.cast import Merchant
from worker import mails

from .conftest import Caller
from .mail_server import MailServer, mail_server

SIGN_UP = "/v1/public/affiliate/signup"


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as server:
        set_up = {"smtp_url": SecretStr(server.url), "mail_from": "Shop <partners@shop.example>"}
        mails.connect(settings.model_copy(update=set_up))
        yield server
        mails.connect(settings)


def sign_up(nobody: Caller, merchant: Merchant) -> None:
    """Somebody signs up with Ada's address."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    body = {"program_id": ids.encode("prog", merchant.program_id), "name": "Eve", "email": "ada@partners.example"}
    assert nobody.post(SIGN_UP, body).status_code == 202


def test_the_link_in_the_mail_gives_the_addresss_owner_its_account(
    nobody: Caller, merchant: Merchant, mailbox: MailServer
) -> None:
    sign_up(nobody, merchant)
    mails.send_due()
    [mail] = mailbox.received
    assert (mail["To"], mail["From"]) == ("ada@partners.example", "Shop <partners@shop.example>")
    words = mail.get_payload(decode=True)
    assert isinstance(words, bytes)
    found = re.search(r"http://127.0.0.1:8000/join#([\w-]+)", words.decode())
    assert found
    made = nobody.post(SIGN_UP, {"token": found[1], "name": "Ada"})
    assert made.json["partner_id"] == ids.encode("par", merchant.partners["ada"])
    mails.send_due()
    assert len(mailbox.received) == 1


def test_neither_address_nor_text_is_kept(nobody: Caller, merchant: Merchant, mailbox: MailServer) -> None:
    sign_up(nobody, merchant)
    mails.send_due()
    with db.transaction() as session:
        kept = session.scalars(text("SELECT row_to_json(partner_mails)::text FROM partner_mails")).one()
    assert "@" not in kept
    assert "join" not in kept


def test_a_mail_that_is_refused_is_tried_again_later_and_given_up_after_a_day(
    nobody: Caller, merchant: Merchant, mailbox: MailServer
) -> None:
    sign_up(nobody, merchant)
    mailbox.refusing = True
    mails.send_due()
    assert state() == (1, "SMTPRecipientsRefused", False)
    move_back(timedelta(hours=2))
    mails.send_due()
    assert state() == (2, "SMTPRecipientsRefused", False)
    move_back(timedelta(days=1))
    mailbox.refusing = False
    mails.send_due()
    assert state() == (2, "SMTPRecipientsRefused", True)
    assert mailbox.received == []


def test_a_mail_server_that_is_away_costs_nothing_but_time(
    nobody: Caller, merchant: Merchant, mailbox: MailServer
) -> None:
    sign_up(nobody, merchant)
    mailbox.shutdown()
    mailbox.server_close()
    mails.send_due()
    attempts, _, is_ended = state()
    assert (attempts, is_ended) == (1, False)


def test_without_a_mail_server_nothing_is_taken(nobody: Caller, merchant: Merchant, settings: Settings) -> None:
    mails.connect(settings)
    sign_up(nobody, merchant)
    mails.sweep()
    mails.send_due()
    assert state() == (0, None, False)


def state() -> tuple[int, str | None, bool]:
    with db.transaction() as session:
        row = session.execute(text("SELECT attempts, problem, ended_at FROM partner_mails")).one()
        return row.attempts, row.problem, row.ended_at is not None


def move_back(age: timedelta) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        session.execute(
            text("UPDATE partner_mails SET created_at = created_at - CAST(:age AS interval), next_attempt_at = :now"),
            {"age": age, "now": now},
        )
