"""Mails to addresses of sign-ups: to confirm the address, or to say that it is enrolled already."""

import math
import re
import smtplib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from app.runtime import smtp
from tests.cast import Merchant
from worker.mail import sender as mails
from worker.mail import transport as mail_transport
from worker.outbound import time_limits

from .conftest import Caller
from .mail_server import MailServer, connected, mail_settings, text_of

SIGN_UP = "/v1/public/affiliate/signup"


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[MailServer]:
    with connected(settings) as server:
        yield server


def sign_up(anonymous: Caller, merchant: Merchant) -> None:
    """A sign-up with Ada's address."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    body = {"program_id": ids.encode("prog", merchant.program_id), "name": "Eve", "email": "ada@partners.example"}
    assert anonymous.post(SIGN_UP, body).status_code == 201


def sign_up_again(anonymous: Caller, merchant: Merchant) -> str:
    """A sign-up with an address that is not enrolled; the code in the response."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    body = {
        "program_id": ids.encode("prog", merchant.program_id),
        "name": "http://evil.example",
        "email": "z@z.example",
    }
    return str(anonymous.post(SIGN_UP, body).json["code"])


def links_in(mail: EmailMessage) -> dict[str, str]:
    """The tokens in a mail by the code that stands above each."""
    return dict(re.findall(r"^.* (\S+):\nhttp://127.0.0.1:8000/confirm#([\w-]+)$", text_of(mail), re.MULTILINE))


def test_the_link_in_the_mail_confirms_the_address(anonymous: Caller, merchant: Merchant, mailbox: MailServer) -> None:
    code = sign_up_again(anonymous, merchant)
    mails.send_due()
    [mail] = mailbox.received
    assert mail["To"] == "z@z.example"
    assert "evil.example" not in mail.as_string(), "what a stranger typed is not mailed"
    confirmed = anonymous.post("/v1/public/affiliate/confirmation", {"token": links_in(mail)[code]})
    assert (confirmed.status_code, confirmed.json["code"]) == (200, code)


def test_one_mail_an_hour_has_the_links_of_all_who_signed_up_with_the_address(
    anonymous: Caller, merchant: Merchant, mailbox: MailServer
) -> None:
    codes = [sign_up_again(anonymous, merchant) for _ in range(2)]
    mails.send_due()
    codes.append(sign_up_again(anonymous, merchant))
    mails.send_due()
    [first] = mailbox.received
    assert links_in(first).keys() == set(codes[:2])
    with db.transaction() as session:
        session.execute(text("UPDATE mails SET next_attempt_at = now()"))
    mails.send_due()
    assert links_in(mailbox.received[1]).keys() == set(codes)


def test_no_mail_is_sent_if_no_address_is_left_to_confirm(
    anonymous: Caller, merchant: Merchant, mailbox: MailServer
) -> None:
    sign_up_again(anonymous, merchant)
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET email_state = 'approved' WHERE email = 'z@z.example'"))
    mails.send_due()
    assert mailbox.received == []
    assert state() == (1, "nothing_to_confirm", True)


def test_the_link_in_the_mail_gives_the_addresss_owner_its_account(
    anonymous: Caller, merchant: Merchant, mailbox: MailServer
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET time_zone = 'Asia/Kolkata'"))
    sign_up(anonymous, merchant)
    mails.send_due()
    [mail] = mailbox.received
    assert (mail["To"], mail["From"]) == ("ada@partners.example", "Shop <partners@shop.example>")
    words = text_of(mail)
    found = re.search(r"http://127.0.0.1:8000/join#([\w-]+)", words)
    assert found
    until = datetime.now(UTC) + timedelta(days=14)
    assert re.search(rf"until \d+ \w+ {until.year}, \d\d:\d\d UTC\+05:30\.", words), words
    made = anonymous.post(SIGN_UP, {"token": found[1], "name": "Ada"})
    assert made.json["partner_id"] == ids.encode("par", merchant.partners["ada"])
    mails.send_due()
    assert len(mailbox.received) == 1


def test_neither_address_nor_text_is_kept(anonymous: Caller, merchant: Merchant, mailbox: MailServer) -> None:
    sign_up(anonymous, merchant)
    mails.send_due()
    with db.transaction() as session:
        kept = session.scalars(text("SELECT row_to_json(mails)::text FROM mails")).one()
    assert "@" not in kept
    assert "join" not in kept


def test_a_mail_that_is_refused_is_tried_again_later_and_given_up_after_a_day(
    anonymous: Caller, merchant: Merchant, mailbox: MailServer
) -> None:
    sign_up(anonymous, merchant)
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


def due_mails(merchant: Merchant, *codes: str) -> None:
    """A mail that is due for each of these partners, in this order."""
    with db.transaction() as session:
        for number, code in enumerate(codes):
            values = {
                "id": ids.new(),
                "owner": merchant.organization_id,
                "partner": merchant.partners[code],
                "program": merchant.program_id,
            }
            session.execute(
                text(
                    "INSERT INTO mails (id, organization_id, program_id, partner_id, kind, fact, next_attempt_at) "
                    "VALUES (:id, :owner, :program, :partner, 'already_enrolled', :id, "
                    "now() - (:early || ' minutes')::interval)"
                ),
                {**values, "early": str(len(codes) - number)},
            )


def problems(merchant: Merchant) -> dict[str, str | None]:
    with db.transaction() as session:
        found = "SELECT slug, problem FROM mails JOIN partners ON partners.id = mails.partner_id"
        return {row.slug: row.problem for row in session.execute(text(found))}


def test_a_mail_that_cannot_be_written_stops_no_other(merchant: Merchant, mailbox: MailServer) -> None:
    due_mails(merchant, "ada", "ben", "dan")
    with db.transaction() as session:  # written before addresses were checked
        session.execute(text("UPDATE partners SET email = E'b\\nen@partners.example' WHERE slug = 'ben'"))
    mails.send_due()
    assert mailbox.recipients == [b"ada@partners.example", b"dan@partners.example"]
    assert problems(merchant) == {"ada": None, "ben": "ValueError", "dan": None}


def test_broken_mail_connection_is_reopened_for_the_next_mail(merchant: Merchant, mailbox: MailServer) -> None:
    due_mails(merchant, "ada", "ben", "dan")
    mailbox.dropping = {b"ada@partners.example"}
    mails.send_due()
    assert mailbox.recipients == [b"ben@partners.example", b"dan@partners.example"]
    assert problems(merchant) == {"ada": "SMTPServerDisconnected", "ben": None, "dan": None}


def test_a_slow_mail_server_gets_each_mail_once_although_two_workers_send(
    merchant: Merchant, mailbox: MailServer
) -> None:
    """The first worker waits for an answer; what it has not begun becomes due and is sent by the second."""
    due_mails(merchant, "ada", "ben", "dan")
    mailbox.holding.clear()
    with ThreadPoolExecutor(1) as first_worker:
        sent = first_worker.submit(mails.send_due)
        assert mailbox.is_asked.wait(10)
        with db.transaction() as session:
            session.execute(text("UPDATE mails SET next_attempt_at = now() WHERE attempts = 0"))
            taken = text("SELECT count(*) FROM mails WHERE attempts > 0")
            assert session.scalar(taken) == 1
        mailbox.holding.set()
        mails.send_due()
        sent.result()
    assert sorted(mailbox.recipients) == [b"ada@partners.example", b"ben@partners.example", b"dan@partners.example"]


def test_a_mail_server_that_answers_for_ever_is_left_in_time() -> None:
    """Every piece of its answer is in time, and the answer never ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = smtplib.SMTP(timeout=smtp.TIMEOUT_SECONDS)
        server.sock = socket.create_connection(listening.getsockname())
        peer, _ = listening.accept()
        is_over = threading.Event()

        def answer() -> None:
            with suppress(OSError):
                while not is_over.wait(0.05):
                    peer.sendall(b"250-")

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(smtplib.SMTPServerDisconnected), time_limits.closed_after(lambda: server.sock, 0.5):
            server.noop()
        is_over.set()
        answering.join()
        peer.close()


def test_a_mail_whose_time_is_short_is_left_for_its_next_attempt(
    merchant: Merchant, mailbox: MailServer, settings: Settings
) -> None:
    due_mails(merchant, "ada")
    to_server = mail_settings(settings, mailbox)
    taken = mails._take(to_server, math.inf)
    assert taken is not None
    assert (taken.taken_until - datetime.now(UTC)).total_seconds() > mails.SEND_SECONDS
    late = replace(taken, taken_until=datetime.now(UTC) + timedelta(seconds=mails.SEND_SECONDS - 1))
    with mail_transport.connected(to_server) as transport:
        assert mails.send_in_time(transport, late, to_server) is None
    assert (mailbox.recipients, state()) == ([], (1, None, False))


def test_mail_goes_to_exactly_one_recipient_whatever_its_header_contains(
    merchant: Merchant, mailbox: MailServer
) -> None:
    due_mails(merchant, "ada")
    with db.transaction() as session:  # written before addresses were checked
        session.execute(text("UPDATE partners SET email = 'a,victim@partners.example' WHERE slug = 'ada'"))
    mails.send_due()
    assert b"victim@partners.example" not in mailbox.recipients


def test_unreachable_mail_server_only_delays_mails(anonymous: Caller, merchant: Merchant, mailbox: MailServer) -> None:
    sign_up(anonymous, merchant)
    mailbox.shutdown()
    mailbox.server_close()
    mails.send_due()
    attempts, _, is_ended = state()
    assert (attempts, is_ended) == (1, False)


def test_without_a_mail_server_mails_are_switched_off(
    anonymous: Caller, merchant: Merchant, settings: Settings
) -> None:
    mails.connect(settings)
    sign_up(anonymous, merchant)
    mails.sweep()
    mails.send_due()
    assert state() == (0, "mail_is_off", True)


def state() -> tuple[int, str | None, bool]:
    with db.transaction() as session:
        row = session.execute(text("SELECT attempts, problem, finished_at AS ended_at FROM mails")).one()
        return row.attempts, row.problem, row.ended_at is not None


def move_back(age: timedelta) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        session.execute(
            text("UPDATE mails SET queued_at = queued_at - CAST(:age AS interval), next_attempt_at = :now"),
            {"age": age, "now": now},
        )
