"""The pages that mailed links lead to, as the person who opens them sees them."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, text

from app import db, ids
from app.organizations import keys
from app.partners.joining import confirmations, invitations, signup
from app.partners.models import Partner
from app.people.models import Person
from app.programs.models import Program
from tests.cast import Merchant

from .tab import quiet_page

EMAIL = "zoe@example.com"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that complains of nothing."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    with quiet_page(context, "404", "429") as page:
        yield page


@pytest.fixture
def link(merchant: Merchant, address: str) -> str:
    with db.transaction() as session:
        invited = invitations.invite(session, "public", session.get_one(Program, merchant.program_id), EMAIL)
    assert invited.token is not None
    return invitations.link(address, invited.token)


def test_an_invited_person_reads_the_offer_and_gets_code_key_and_link(
    page: Page, link: str, merchant: Merchant
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example.com/'"))
    page.goto(link)
    expect(page.locator("#offer")).to_contain_text("Shop invites you to Friends.")
    expect(page.get_by_role("definition")).to_have_text("20 %")
    expect(page.get_by_role("main")).to_contain_text("30 days after the payment")
    page.get_by_label("Your name, or your company's").fill("Zoe van Dyke")
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.locator("#code")).not_to_be_empty()
    expect(page.locator("#link")).to_have_text(f"http://127.0.0.1:8000/r/{page.locator('#code').inner_text()}")
    with db.transaction() as session:
        assert keys.authenticate(session, page.locator("#key").inner_text()).level == "manage"
    assert "#" not in page.url, "the token is gone from the address and from the history"
    expect(page.get_by_role("heading")).to_have_text("You are a partner")
    expect(page.get_by_role("button", name="Accept the invitation")).to_be_hidden()
    page.get_by_role("button", name="Copy the key").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#key").inner_text()


def test_used_link_is_reported_as_used(page: Page, link: str, address: str) -> None:
    with db.transaction() as session:
        invitations.join(session, "public", link.partition("#")[2], "Zoe")
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("This link was used already, has expired or is not complete.")


def test_opening_the_page_again_and_again_uses_up_no_acceptance(page: Page, link: str) -> None:
    for _ in range(6):
        page.goto(link)
        expect(page.locator("#offer")).to_be_visible()
        page.reload()
    page.get_by_label("Your name, or your company's").fill("Zoe")
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.locator("#code")).not_to_be_empty()


def test_too_many_requests_say_that_waiting_helps(page: Page, link: str, address: str) -> None:
    for _ in range(5):
        page.request.post(f"{address}/v1/public/affiliate/signup", data={})
    page.goto(link)
    page.get_by_label("Your name, or your company's").fill("Zoe")
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_role("alert")).to_contain_text("Wait a minute, then try again")
    expect(page.locator("#offer")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "de"])
def test_without_scripts_the_link_is_pasted(chromium: Browser, address: str, link: str, language: str) -> None:
    context = chromium.new_context(java_script_enabled=False, locale=language)
    page = context.new_page()
    page.goto(link)
    page.get_by_role("textbox").fill(f"{link[:-8]}\n")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text({"en": "is not complete", "de": "unvollständig"}[language])
    page.get_by_role("textbox").fill(link)
    page.get_by_role("button").click()
    page.get_by_role("textbox").fill("Zoe")
    page.get_by_role("button").click()
    expect(page.get_by_role("heading")).to_have_text({"en": "You are a partner", "de": "Sie sind Partner"}[language])
    expect(page.locator("#key")).not_to_be_empty()
    context.close()
    with db.transaction() as session:
        assert session.scalar(select(Person.language).where(Person.email == EMAIL)) == language


def test_a_mailed_link_confirms_an_address_only_once_its_button_is_used(
    page: Page, merchant: Merchant, address: str
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
        program_id = ids.encode(ids.PROGRAM, merchant.program_id)
        made = signup.sign_up(session, "public", program_id, name="Zoe", email=EMAIL)
        partner_id, code = made.partner.id, made.partner.slug
        link = confirmations.link(address, confirmations.issue(session, made.partner))
    page.goto(link)
    assert email_state(partner_id) == "unconfirmed"
    page.get_by_role("button", name="Confirm this address").click()
    expect(page.locator("#code")).to_have_text(code)
    expect(page.locator("#next")).to_contain_text("The owner of the program has not approved you yet")
    assert email_state(partner_id) == "confirmed"
    assert "#" not in page.url


def email_state(partner_id: UUID) -> str:
    with db.transaction() as session:
        return session.get_one(Partner, partner_id).email_state
