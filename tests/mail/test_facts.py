"""Each fact that a mail is about makes one mail, in its own transaction; a repeated fact makes no second one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.mail import first_commissions
from app.partners.joining import invitations
from app.partners.managing import commands
from app.partners.models import Partner
from app.people import memberships
from app.programs.models import Program
from tests.api.conftest import Caller
from tests.api.mail_server import MailServer, text_of
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.payouts.till import Till
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.families import CLOVER
from worker.mail import sender

from .conftest import written


def add_manager(merchant: Merchant) -> str:
    """A manager of the organization; gives the address."""
    with db.transaction() as session:
        memberships.add(session, "cli", merchant.organization_id, email="mara@shop.example", role="manager")
        memberships.add(session, "cli", merchant.organization_id, email="vera@shop.example", role="viewer")
    return "mara@shop.example"


def subjects(mailbox: MailServer) -> list[tuple[str, str]]:
    """To whom which mail was sent."""
    sender.send_due()
    sent = [(str(mail["To"]), str(mail["Subject"])) for mail in mailbox.received]
    mailbox.received.clear()
    return sent


def token_of(mailbox: MailServer, before: str) -> str:
    """The token behind a part of the link in the only mail."""
    [mail] = mailbox.received
    return text_of(mail).partition(before)[2].split()[0]


def test_invitation_is_mailed_with_a_link_of_its_own(
    anonymous: Caller, merchant: Merchant, owner: Caller, mailbox: MailServer
) -> None:
    program = ids.encode(ids.PROGRAM, merchant.program_id)
    body = {"email": "zoe@partners.example", "name": "Zoe"}
    invited = owner.post(f"/v1/admin/affiliate/programs/{program}/invite", body)
    assert invited.status_code == 201, invited.text
    sender.send_due()
    [mail] = mailbox.received
    assert (mail["To"], mail["Subject"]) == ("zoe@partners.example", "You are invited to Friends")
    token = token_of(mailbox, "/join#")
    assert token not in invited.text
    assert anonymous.post("/v1/public/affiliate/signup", {"token": token, "name": "Zoe"}).status_code == 201


def test_application_is_mailed_to_both_sides_once_its_address_is_confirmed(
    anonymous: Caller, merchant: Merchant, owner: Caller, mailbox: MailServer
) -> None:
    manager = add_manager(merchant)
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    body = {"program_id": ids.encode("prog", merchant.program_id), "name": "Zoe", "email": "zoe@partners.example"}
    public_id = anonymous.post("/v1/public/affiliate/signup", body).json["partner_id"]
    sender.send_due()
    token = token_of(mailbox, "/confirm#")
    assert anonymous.post("/v1/public/affiliate/confirmation", {"token": token}).status_code == 200
    mailbox.received.clear()
    assert sorted(subjects(mailbox)) == [
        (manager, "Zoe applies for Friends"),
        ("zoe@partners.example", "Your application for Friends"),
    ]
    for _ in range(2):
        owner.call("PATCH", f"/api/v1/partners/{public_id}", json={"status": "active"})
    assert subjects(mailbox) == [("zoe@partners.example", "Welcome to Friends")]


def test_declined_application_is_mailed_and_a_ban_of_an_active_partner_is_not(
    merchant: Merchant, mailbox: MailServer
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = 'pending' WHERE slug = 'ada'"))
    with db.transaction() as session:
        for code in ("ada", "ben"):
            commands.move(session, "cli", session.get_one(Partner, merchant.partners[code]), "ban")
    assert subjects(mailbox) == [("ada@partners.example", "Your application for Friends was declined")]


def test_other_terms_are_mailed_before_and_after(merchant: Merchant, mailbox: MailServer) -> None:
    since = datetime(2030, 1, 1, tzinfo=UTC)
    rate = {"type": "percentage", "bps": 3000}
    with db.transaction() as session:
        ada = session.get_one(Partner, merchant.partners["ada"])
        commands.amend_terms(session, "cli", ada, rate, effective_from=since)
        commands.amend_terms(session, "cli", ada, rate, effective_from=since)
    sender.send_due()
    [mail] = mailbox.received
    assert "Before: 20 %\nAfter: 30 %\nFrom: 1 January 2030 (UTC)" in text_of(mail)


@pytest.mark.usefixtures("redis_url")
def test_payouts_are_mailed_when_they_are_ready_sent_and_failed(
    till: Till, merchant: Merchant, mailbox: MailServer
) -> None:
    manager = add_manager(merchant)
    till.owes("ada")
    till.owes("ben")
    run = till.runs()
    by_partner = {payout["partner_id"]: payout["id"] for payout in run["payouts"]}
    till.did(by_partner[till.partner("ada")], "confirm")
    till.did(by_partner[till.partner("ben")], "fail", reason="The account is closed.")
    found = {(mail.kind, mail.livemode) for mail in written("payout_ready", "payout_sent", "payout_failed")}
    assert found == {("payout_ready", False), ("payout_sent", False), ("payout_failed", False)}
    assert subjects(mailbox) == [(manager, "2 payouts of Friends ready (test mode)")]
    problems = {mail.kind: (mail.state, mail.problem) for mail in written("payout_sent", "payout_failed")}
    assert set(problems.values()) == {("switched_off", "test_money")}
    [failed] = written("payout_failed")
    assert failed.details["reason"] == "The account is closed."


def test_parked_events_make_one_mail_a_day_to_each_manager(
    merchant: Merchant, deliver: Deliver, drain: Drain, mailbox: MailServer
) -> None:
    manager = add_manager(merchant)
    for _ in range(2):
        event = Customer(CLOVER).subscribes().event("invoice.paid")
        event["data"]["object"]["currency"] = 7
        deliver([event])
        drain()
    assert subjects(mailbox) == [(manager, "A Stripe event was parked (test mode)")]


def test_first_commission_is_mailed_once_and_earlier_ones_are_not(till: Till, mailbox: MailServer) -> None:
    def look() -> list[tuple[Any, ...]]:
        with db.transaction() as session:
            first_commissions.write(session, now=datetime.now(UTC) + timedelta(seconds=1))
        return [(mail.partner_id, mail.details["amount_minor"]) for mail in written("first_commission")]

    till.sells("ben")
    assert look() == []
    sale = till.sells("ada", 5000)
    till.sells("ada", 7000)
    ada = (ids.decode(till.partner("ada"), "par"), 1000)
    assert ada in look()
    assert [one for one in look() if one[0] == ada[0]] == [ada]
    [mail] = [one for one in written("first_commission") if one.partner_id == ada[0]]
    assert mail.details["commission_id"] == sale.commission_id


def test_nothing_is_mailed_for_what_was_rolled_back(merchant: Merchant, mailbox: MailServer) -> None:
    def invite() -> None:
        with db.transaction() as session:
            program = session.get_one(Program, merchant.program_id)
            invitations.invite(session, "cli", program, "zoe@partners.example")
            raise LookupError

    with pytest.raises(LookupError):
        invite()
    assert written() == []
    assert subjects(mailbox) == []
