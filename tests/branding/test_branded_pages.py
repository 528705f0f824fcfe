"""A brand on the pages: set in the console's form, and shown in the portal and on the application page, escaped."""

import re
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.organizations.actors import CLI
from app.partners.joining import invitations
from app.programs.models import Program
from tests.cast import Merchant
from tests.pages.conftest import Browser
from tests.people.conftest import add_person

from . import pictures

SCRIPT = "<script>alert(1)</script>"
TOKEN = re.compile(r'name="csrf_token" value="(\w+)"')


@pytest.fixture
def program(merchant: Merchant) -> str:
    """The shop's program, which takes sign-ups."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    return ids.encode("prog", merchant.program_id)


@pytest.fixture
def olga(application: Flask, merchant: Merchant) -> Browser:
    add_person(merchant.organization_id, "olga@example.com")
    return Browser(application).sign_in("olga@example.com")


def partner(application: Flask, merchant: Merchant) -> Browser:
    """A person of Ada's, whose name has markup and a placeholder."""
    with db.transaction() as session:
        own = ids.new()
        session.execute(text("INSERT INTO organizations (id, kind, name) VALUES (:id, 'affiliate', 'A')"), {"id": own})
        session.execute(
            text(
                "UPDATE partners SET partner_organization_id = :own, first_name = :name, last_name = '{code}' "
                "WHERE id = :id"
            ),
            {"own": own, "name": SCRIPT, "id": merchant.partners["ada"]},
        )
    add_person(own, "ada@example.com")
    return Browser(application).sign_in("ada@example.com", leads_to="/portal")


def send_logo(browser: Browser, page: str, content: bytes, name: str = "logo.png") -> tuple[int, str]:
    token = TOKEN.search(browser.get(page).text)
    assert token is not None
    data = {"csrf_token": token[1], "file": (BytesIO(content), name)}
    answer = browser.client.post(f"{page}/logo", data=data, content_type="multipart/form-data")
    return answer.status_code, answer.text


def test_what_the_owner_sets_is_what_partners_and_applicants_see(
    application: Flask, merchant: Merchant, program: str, olga: Browser
) -> None:
    form = f"/console/programs/{program}/branding"
    saved = olga.send(
        form,
        name="Shop <friends>",
        color="#FFD400",
        support_email="help@shop.example",
        portal_text=f"Hello {{partner}} ({{code}}),\r\n{SCRIPT} %s 100%\r\n\r\nwrite to {{support_email}}.",
        application_text="{organization} pays {commission} in {program}.",
    )
    assert (saved.status_code, saved.headers["Location"]) == (303, form)
    assert "The branding was saved." in olga.get(form).text
    assert send_logo(olga, form, pictures.with_position())[0] == 303
    ada = partner(application, merchant)
    portal = ada.get(f"/portal/{program}")
    escaped = "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert f'<p class="lines">Hello {escaped} {{code}} (ada),\n{escaped} %s 100%</p>' in portal.text
    assert '<p class="lines">write to help@shop.example.</p>' in portal.text
    assert '<a href="mailto:help@shop.example">' in portal.text
    assert SCRIPT not in portal.text
    assert f'<link rel="stylesheet" href="/brand/{program}/2.css">' in portal.text
    assert f'src="/brand/{program}/2.jpg" alt="Shop &lt;friends&gt;" width="25" height="100"' in portal.text
    assert "Accrual</a>" not in portal.text
    assert f'href="/brand/{program}/2.css"' in ada.get(f"/portal/{program}/payouts").text
    applying = Browser(application).get(f"/apply/{program}")
    assert '<p class="lines">Shop pays 20 % in Shop &lt;friends&gt;.</p>' in applying.text
    assert f'src="/brand/{program}/2.jpg"' in applying.text
    assert f'<link rel="stylesheet" href="/brand/{program}/2.css">' in applying.text
    policy = applying.headers["Content-Security-Policy"]
    assert ("style-src 'self'" in policy, "unsafe-inline" in policy + portal.headers["Content-Security-Policy"]) == (
        True,
        False,
    )
    assert olga.send(form, f"{form}/logo/remove").status_code == 303
    assert 'class="logo"' not in ada.get(f"/portal/{program}").text


@pytest.mark.parametrize(
    ("field", "sent", "says"),
    [
        ("color", "green", "is not a colour; give # and six digits"),
        ("portal_text", "{{7*7}}", "write braces only around these placeholders: {code}, {partner}, {program}"),
        ("application_text", "{name.__class__}", "write braces only around these placeholders: {commission}"),
        ("support_email", "help", "support_email must be one plain e-mail address"),
        ("name", "x" * 81, "name has 81 characters; give at most 80"),
    ],
)
def test_a_refused_form_is_shown_with_its_sentence_and_what_was_sent(
    program: str, olga: Browser, field: str, sent: str, says: str
) -> None:
    refused = olga.send(f"/console/programs/{program}/branding", **{"name": "Kept", field: sent})
    assert (refused.status_code, 'role="alert"' in refused.text, says in refused.text) == (400, True, True)
    assert sent in refused.text
    assert olga.get(f"/console/programs/{program}/branding").text.count("Kept") == 0


def test_a_picture_that_is_none_is_refused_on_the_page(program: str, olga: Browser) -> None:
    form = f"/console/programs/{program}/branding"
    for content, says in ((b"<svg/>", "is no PNG and no JPEG"), (pictures.bomb(), "20,000 × 20,000 pixels")):
        status, page = send_logo(olga, form, content)
        assert (status, says in page) == (400, True)
    assert send_logo(olga, form, b"", name="")[0] == 400
    assert "No logo is set" in olga.get(form).text


def test_a_viewer_reads_the_brand_without_forms(application: Flask, merchant: Merchant, program: str) -> None:
    add_person(merchant.organization_id, "vera@example.com", "viewer")
    page = Browser(application).sign_in("vera@example.com").get(f"/console/programs/{program}/branding")
    assert (page.status_code, "<fieldset" in page.text, 'name="file"' in page.text) == (200, False, False)


def test_the_owner_asks_questions_and_publishes_agreements_and_the_partner_accepts(
    application: Flask, merchant: Merchant, program: str, olga: Browser
) -> None:
    form = f"/console/programs/{program}/application"
    rows = {"label.0": "Your website?", "type.0": "url", "required.0": "true", "name.0": ""}
    rows |= {"label.1": "Your website!", "type.1": "choice", "options.1": "blog\r\n\r\nshop", "label.2": " "}
    assert olga.send(form, **rows).status_code == 303
    page = olga.get(form).text
    assert re.findall(r'name="name.\d" value="(\w*)"', page) == ["your_website", "your_website_2", "", ""]
    refused = olga.send(form, **{"label.0": "Size?", "type.0": "choice", "options.0": "one", "name.0": ""})
    assert (refused.status_code, "at least two options" in refused.text, 'value="Size?"' in refused.text) == (
        400,
        True,
        True,
    )
    published = olga.send(form, f"/console/programs/{program}/agreement", text="Be kind.\r\n\r\nBe <true>.")
    assert "Version 1 of the partner agreement is in force." in olga.get(published.headers["Location"]).text
    assert olga.send(form, f"/console/programs/{program}/agreement", text=" ").status_code == 400
    ada = partner(application, merchant)
    assert "The program has a partner agreement, version 1." in ada.get(f"/portal/{program}").text
    own = f"/portal/{program}/agreement"
    assert '<p class="lines">Be &lt;true&gt;.</p>' in ada.get(own).text
    shown = ada.get(own).text
    olga.send(form, f"/console/programs/{program}/agreement", text="Be kinder.")
    token = TOKEN.search(shown)
    assert token is not None
    stale = ada.client.post(own, data={"csrf_token": token[1], "version": "1"})
    assert (stale.status_code, "version 2 of the partner agreement is in force" in stale.text) == (409, True)
    assert "Be kinder." in stale.text
    assert ada.send(own, version="2").status_code == 303
    assert "has a partner agreement, version" not in ada.get(f"/portal/{program}").text
    of_ada = olga.get(f"/console/partners/{ids.encode('par', merchant.partners['ada'])}").text
    assert "Accepted version 2 of the partner agreement" in of_ada


def test_who_is_invited_sees_the_brand_and_accepts_the_agreement(
    application: Flask, merchant: Merchant, program: str, olga: Browser
) -> None:
    olga.send(f"/console/programs/{program}/branding", name="Shop friends", color="#0a7f5a")
    olga.send(f"/console/programs/{program}/application", f"/console/programs/{program}/agreement", text="Be kind.")
    with db.transaction() as session:
        link = invitations.link(
            "",
            invitations.invite(session, CLI, session.get_one(Program, merchant.program_id), "yan@example.com").token
            or "",
        )
    yan = Browser(application)
    offer = yan.send("/join", "/join/invitation", link=link)
    assert (offer.status_code, "Shop friends" in offer.text, "Be kind." in offer.text) == (200, True, True)
    assert f'<link rel="stylesheet" href="/brand/{program}/1.css">' in offer.text
    refused = yan.send("/join", "/join/accept", link=link, name="Yan")
    assert (refused.status_code, "the partner agreement must be accepted" in refused.text) == (400, True)
    joined = yan.send("/join", "/join/accept", link=link, name="Yan", agreement_version="1")
    assert (joined.status_code, f'href="/brand/{program}/1.css"' in joined.text) == (200, True)
    with db.transaction() as session:
        accepted = session.scalars(text("SELECT version FROM agreement_acceptances")).all()
    assert accepted == [1]


def test_a_refused_acceptance_leaves_the_invitation_usable(application: Flask, merchant: Merchant) -> None:
    """The shop's own address: only while it joins is it found that the partner would earn from itself."""
    with db.transaction() as session:
        invited = invitations.invite(session, CLI, session.get_one(Program, merchant.program_id), "yan@example.com")
        session.execute(text("UPDATE partners SET email = 'shop@example.com' WHERE email = 'yan@example.com'"))
    link = invitations.link("", invited.token or "")
    yan = Browser(application)
    assert yan.send("/join", "/join/accept", link=link, name="Yan").status_code == 409
    with db.transaction() as session:
        assert session.scalars(text("SELECT accepted_at FROM invitations")).all() == [None]
        assert session.scalars(text("SELECT count(*) FROM organizations WHERE name = 'Yan'")).one() == 0
