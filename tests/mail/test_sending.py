"""Sending: one failing mail stops no other, a mail is never lost, and what people typed stays what it is."""

import multiprocessing
import os
import signal

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app import db, sealing
from app.config import Settings
from app.errors import InvalidRequest
from app.mail import log, texts
from app.mail_queue import switches
from app.mail_queue.models import Mail
from app.partners.managing import mails
from app.partners.models import Partner
from app.people import memberships
from tests.api.conftest import Caller
from tests.api.mail_server import MailServer, mail_settings, text_of
from tests.cast import Merchant
from worker.mail import sender

from .conftest import written


def approve(merchant: Merchant, *codes: str) -> None:
    """A mail to each of these partners that it was approved."""
    with db.transaction() as session:
        for code in codes:
            mails.write(session, session.get_one(Partner, merchant.partners[code]), "approved")


def outcomes() -> list[tuple[str, str | None]]:
    return [(mail.state, mail.problem) for mail in written()]


def make_due() -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE mails SET next_attempt_at = now()"))


@pytest.mark.parametrize("answer", ["450 try later", "550 no such mailbox", "421 closing"])
def test_address_that_is_refused_stops_no_other(merchant: Merchant, mailbox: MailServer, answer: str) -> None:
    mailbox.answers = {b"ada@": answer}
    approve(merchant, "ada", "ben")
    sender.send_due()
    assert mailbox.recipients == [b"ben@partners.example"]
    [(first, problem), (second, _)] = outcomes()
    assert (first, second) == ("failed", "sent")
    assert problem in ("SMTPRecipientsRefused", "SMTPServerDisconnected")


def _send(settings: Settings) -> None:
    """Another process of the worker."""
    db.connect(settings.database_url, pool_size=1)
    sealing.connect(settings)
    sender.connect(settings)
    sender.send_due()


def test_mail_of_a_killed_process_is_sent_again_with_the_same_message_id(
    merchant: Merchant, mailbox: MailServer, settings: Settings
) -> None:
    """The server had the mail when the process was killed; whether it answered is not known, so it is sent again."""
    approve(merchant, "ada")
    mailbox.keeping.clear()
    process = multiprocessing.get_context("spawn").Process(target=_send, args=(mail_settings(settings, mailbox),))
    process.start()
    assert mailbox.is_kept.wait(60)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    mailbox.keeping.set()
    sender.send_due()
    assert outcomes() == [("sending", None)], "held until its time is over"
    make_due()
    sender.send_due()
    assert len(mailbox.received) == 2
    assert len({mail["Message-ID"] for mail in mailbox.received}) == 1
    assert outcomes() == [("sent", None)]


def test_resent_mail_is_another_mail_to_its_receiver(merchant: Merchant, owner: Caller, mailbox: MailServer) -> None:
    approve(merchant, "ada")
    sender.send_due()
    [listed] = owner.get("/api/v1/mails", state="sent").json["data"]
    assert (listed["recipient"], listed["sentence"]) == ("ada@partners.example", "The mail server accepted it.")
    resent = owner.post(f"/api/v1/mails/{listed['id']}/resend")
    assert (resent.status_code, resent.json["state"], resent.json["resend_count"]) == (200, "queued", 1)
    sender.send_due()
    first, second = mailbox.received
    assert first["Message-ID"] != second["Message-ID"]
    assert text_of(first) == text_of(second)


def test_fact_that_is_repeated_makes_no_second_mail(merchant: Merchant, mailbox: MailServer) -> None:
    for _ in range(2):
        approve(merchant, "ada")
        sender.send_due()
    assert len(mailbox.received) == 1


def test_kinds_are_switched_off_by_program_and_by_person(merchant: Merchant, mailbox: MailServer) -> None:
    owner, program = merchant.organization_id, merchant.program_id
    with db.transaction() as session:
        _, ben = memberships.add(session, "cli", owner, email="ben@partners.example", role="viewer")
        switches.set_for_person(session, "cli", ben.id, ["approved"], organization_id=owner)
    approve(merchant, "ada", "ben")
    sender.send_due()
    assert outcomes() == [("sent", None), ("switched_off", "off_by_person")]
    with db.transaction() as session:
        switches.change(session, "cli", owner, program, switched_off=["approved"], language=None)
    approve(merchant, "dan")
    sender.send_due()
    assert outcomes()[2] == ("switched_off", "off_for_program")
    for kind in ("login", "confirm_address", "event_parked", "unknown"):
        with db.transaction() as session, pytest.raises(InvalidRequest, match="cannot be switched off here"):
            switches.change(session, "cli", owner, program, switched_off=[kind], language=None)


def test_own_text_knows_named_placeholders_only_and_values_are_put_in_once(
    merchant: Merchant, mailbox: MailServer
) -> None:
    owner, program = merchant.organization_id, merchant.program_id
    for wrong in ("{{ 7*7 }}", "{partner_name.__class__}", "{config}", "{amount}", "{", "{% include x %}", "{0}"):
        with db.transaction() as session, pytest.raises(InvalidRequest, match=r"\{partner_name\}"):
            texts.change(session, "cli", owner, program, "approved", "en", subject="Hi", text=f"Hello {wrong}")
    with db.transaction() as session:
        texts.change(
            session, "cli", owner, program, "approved", "en", subject="Hi {partner_name}", text="Dear {partner_name}!"
        )
        session.execute(
            text("UPDATE partners SET first_name = '<img src=x>{partner_code}', last_name = :last WHERE slug = 'ada'"),
            {"last": "{{7*7}}\r\nBcc: eve@evil.example"},
        )
    approve(merchant, "ada")
    sender.send_due()
    [mail] = mailbox.received
    assert mailbox.recipients == [b"ada@partners.example"]
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hi <img src=x>{partner_code} {{7*7}} Bcc: eve@evil.example"
    assert "Dear <img src=x>{partner_code} {{7*7}}" in text_of(mail)
    assert "<img src=x>" not in text_of(mail, "html")
    assert "&lt;img src=x&gt;{partner_code} {{7*7}}" in text_of(mail, "html")


def test_brand_is_the_senders_name_and_answers_go_to_its_support(merchant: Merchant, mailbox: MailServer) -> None:
    with db.transaction() as session:
        session.execute(
            text("""INSERT INTO program_brands (program_id, organization_id, name, support_email)
                    VALUES (:program, :owner, E'Acme, "Best"\nTo: eve@evil.example', 'help@acme.example')"""),
            {"program": merchant.program_id, "owner": merchant.organization_id},
        )
    approve(merchant, "ada")
    sender.send_due()
    [mail] = mailbox.received
    [sent_from] = mail["From"].addresses
    assert (sent_from.display_name, sent_from.addr_spec) == (
        'Acme, "Best" To: eve@evil.example',
        "partners@shop.example",
    )
    assert (mail["Reply-To"], mail["To"]) == ("help@acme.example", "ada@partners.example")


def test_console_prints_the_mail_with_its_link_and_off_marks_it(
    merchant: Merchant, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    sender.connect(settings.model_copy(update={"mail": "console"}))
    approve(merchant, "ada")
    sender.send_due()
    printed = capsys.readouterr().out
    assert "to ada@partners.example\nSubject: Welcome to Friends" in printed
    assert "http://127.0.0.1:8000/portal/" in printed
    sender.connect(settings.model_copy(update={"mail": "off", "smtp_url": SecretStr("smtp://127.0.0.1:9")}))
    approve(merchant, "ben")
    sender.send_due()
    sender.connect(settings)
    assert outcomes() == [("sent", None), ("switched_off", "mail_is_off")]
    with db.transaction() as session:
        off = session.query(Mail).filter_by(state="switched_off").one()
        [body] = log.load_bodies(session, None, [off])
    assert body.sentence.startswith("It was not sent, because this installation sends no mails.")


def test_mail_that_waits_too_long_is_given_up(merchant: Merchant, mailbox: MailServer) -> None:
    approve(merchant, "ada")
    with db.transaction() as session:
        session.execute(text("UPDATE mails SET queued_at = now() - interval '73 hours'"))
    sender.send_due()
    assert (outcomes(), mailbox.received) == ([("given_up", "mail_too_old")], [])
