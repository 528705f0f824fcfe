"""The console's pages of mails: the log, sending one again, switches, and texts of one's own."""

from sqlalchemy import text

from app import db
from tests.api.isolation.world import World

from .conftest import ReaderOf
from .test_forms import send

SETTINGS = "/console/settings/mails"


def state_of(world: World) -> tuple[str, int]:
    with db.transaction() as session:
        row = session.execute(text("SELECT state, resends FROM mails WHERE kind = 'first_commission'")).one()
        return row.state, row.resends


def test_a_mail_is_listed_with_its_outcome_shown_with_its_words_and_sent_again(
    world: World, reader_of: ReaderOf
) -> None:
    owner, mail_id = reader_of("owner"), world.ids["mail_id"]
    with db.transaction() as session:
        session.execute(
            text("UPDATE mails SET state = 'given_up', problem = 'SMTPRecipientsRefused', finished_at = now()")
        )
    listed = owner.get("/console/mails", kind="first_commission").text
    assert "ada@partners.example" in listed
    assert "It was given up after the last attempt failed (SMTPRecipientsRefused)." in listed
    assert "ada@partners.example" not in reader_of("owner", role="viewer").get("/console/deliveries").text
    page = f"/console/mails/{mail_id}"
    assert "Your first commission from " in owner.get(page).text
    status, shown = send(owner, page, f"{page}/resend")
    assert (status, "The mail is sent again." in shown) == (303, True)
    assert state_of(world) == ("queued", 1)


def test_a_kind_is_switched_off_and_gets_words_of_ones_own_with_known_placeholders_only(
    world: World, reader_of: ReaderOf
) -> None:
    owner, program = reader_of("owner"), world.ids["program_id"]
    assert owner.browser.send(SETTINGS, SETTINGS, program=program, kinds="approved").status_code == 303
    with db.transaction() as session:
        [off] = session.scalars(text("SELECT switched_off FROM mail_settings"))
    assert "invitation" in off
    assert "approved" not in off
    named = {"program": program, "kind": "approved", "language": "de"}
    assert "Guten Tag {partner_name}" in owner.get(f"{SETTINGS}/text", **named).text
    fields = {**named, "subject": "Hallo {partner_name}"}
    refused = owner.browser.send(SETTINGS, f"{SETTINGS}/text", **fields, text="{{7*7}} {config}")
    assert refused.status_code == 400
    assert "write braces only around these placeholders" in refused.text
    without_text = owner.browser.send(SETTINGS, f"{SETTINGS}/text", **fields)
    assert (without_text.status_code, "text is empty" in without_text.text) == (400, True)
    assert owner.browser.send(SETTINGS, f"{SETTINGS}/text", **fields, text="Schön.").status_code == 303
    assert "Your text" in owner.get(SETTINGS, program=program).text
    assert owner.browser.send(SETTINGS, f"{SETTINGS}/text/remove", **fields).status_code == 303
    assert "Your text" not in owner.get(SETTINGS, program=program).text


def test_a_person_chooses_the_mails_it_wants(world: World, reader_of: ReaderOf) -> None:
    owner = reader_of("owner")
    assert owner.browser.send(SETTINGS, f"{SETTINGS}/own", kinds="event_parked").status_code == 303
    with db.transaction() as session:
        [unwanted] = session.scalars(text("SELECT switched_off FROM mail_preferences"))
    assert unwanted == ["endpoint_disabled", "new_application", "payout_ready"]
