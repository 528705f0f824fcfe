"""Who is kept out of the portal: every page and every form, found in the application's own map."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from app import db
from tests.api.isolation.world import World
from tests.cast import Merchant
from tests.pages.conftest import Browser
from tests.people.conftest import add_person

from .conftest import PartnerOf

OF_A_PARTNER = re.compile(r"/(com|opb|stm|pyt)_\w+")
"""Ids in paths that are one partner's alone."""
OWN_PROFILE = ("/portal/profile", "/portal/profile/mails")
FIELDS = {"method": "paypal", "email": "thief@example.com", "country": "DE", "code": "THIEF", "session_id": "ses_x"}


def walk(application: Flask, world: World, method: str) -> Iterator[str]:
    """The path of every rule of the portal that takes this method, with Ada's ids."""
    for rule in application.url_map.iter_rules():
        if rule.endpoint.startswith("portal.") and method in (rule.methods or ()):
            path = re.sub(r"<(\w+)>", lambda name: {**world.ids, "currency": "usd"}[name[1]], rule.rule)
            yield path


def stored() -> dict[str, int]:
    """How many rows there are of what the portal's forms write."""
    tables = ("audit_entries", "payout_methods", "promotion_code_requests", "connected_accounts", "person_sessions")
    with db.transaction() as session:
        return {table: session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables}


def assert_kept_out(
    browser: Browser, application: Flask, world: World, who: str, *, token_page: str, may_see: tuple[str, ...] = ()
) -> None:
    """No page of the portal shows it anything of a partner's, and no form of it changes anything."""
    hidden = world.adas | world.bens
    before = stored()
    for path in walk(application, world, "GET"):
        answer = browser.get(path)
        status = 200 if path in may_see else 403
        assert (answer.status_code, answer.mimetype) == (status, "text/html"), (who, path)
        assert not [one for one in hidden if one in answer.text and one not in path], (who, path)
    for path in set(walk(application, world, "POST")) - {*may_see}:
        answer = browser.send(token_page, path, **FIELDS)
        assert (answer.status_code, answer.mimetype) in ((403, "text/html"), (404, "text/html")), (who, path)
        assert not [one for one in hidden if one in answer.text and one not in path], (who, path)
    assert stored() == before, who


def test_every_page_and_form_needs_a_session_and_every_form_its_token(
    application: Flask, world: World, partner_of: PartnerOf
) -> None:
    signed_out, ada = Browser(application), partner_of("ada").browser
    assert len(list(walk(application, world, "GET"))) > 12
    assert len(list(walk(application, world, "POST"))) > 3
    before = stored()
    for method in ("GET", "POST"):
        for path in walk(application, world, method):
            answer = signed_out.client.open(path, method=method, data=FIELDS)
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/login"), path
    for path in walk(application, world, "POST"):
        for token in ({}, {"csrf_token": "0" * 64}):
            assert ada.client.post(path, data={**FIELDS, **token}).status_code == 400, path
    assert stored() == before


def test_owners_of_other_organizations_are_kept_out(application: Flask, world: World, merchant: Merchant) -> None:
    for who in ("stranger", "owner", "mother"):
        add_person(world.organization_ids[who], f"{who}@else.example", "owner")
        browser = Browser(application).sign_in(f"{who}@else.example")
        assert_kept_out(browser, application, world, who, token_page="/console")


def test_a_banned_partner_is_kept_out_and_keeps_its_profile(
    application: Flask, world: World, partner_of: PartnerOf
) -> None:
    ada = partner_of("ada").browser
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = 'banned' WHERE slug = 'ada'"))
    assert_kept_out(ada, application, world, "banned", token_page="/portal", may_see=OWN_PROFILE)


@pytest.mark.parametrize("who", ["ben", "newcomer"])
def test_another_partner_reaches_nothing_of_adas(
    application: Flask, world: World, partner_of: PartnerOf, who: str
) -> None:
    other, shows = partner_of(who).browser, "ada@partners.example"
    hidden = world.hidden_from("ben") if who == "ben" else world.adas | world.bens
    with db.transaction() as session:
        adas = "SELECT id FROM partners WHERE slug = 'ada'"
        before = session.execute(text(f"SELECT * FROM payout_methods WHERE partner_id = ({adas})")).all()
    for method in ("GET", "POST"):
        for path in walk(application, world, method):
            answer = other.get(path) if method == "GET" else other.send("/portal/profile", path, **FIELDS)
            is_found = "/portal/prog_" not in path or (who == "ben" and not OF_A_PARTNER.search(path))
            assert is_found or answer.status_code == 404, (method, path)
            page = answer.get_data().decode(errors="replace")
            assert not [one for one in {*hidden, shows} if one in page and one not in path], (method, path)
    with db.transaction() as session:
        assert session.execute(text(f"SELECT * FROM payout_methods WHERE partner_id = ({adas})")).all() == before
        theirs = text(f"SELECT count(*) FROM promotion_code_requests WHERE partner_id = ({adas})")
        assert session.scalar(theirs) == 0


def test_a_viewer_of_a_partner_reads_and_changes_nothing(
    application: Flask, world: World, partner_of: PartnerOf
) -> None:
    viewer = partner_of("ada", role="viewer").browser
    before = stored()
    for path in walk(application, world, "POST"):
        if not path.startswith("/portal/profile"):
            assert viewer.send("/portal/profile", path, **FIELDS).status_code == 403, path
    assert stored() == before
    base = f"/portal/{world.ids['program_id']}"
    for page in ("links", "payout-method?method=paypal"):
        assert f'method="post" action="{base}' not in viewer.get(f"{base}/{page}").text


def test_the_form_of_applications_takes_no_other_sites_form_and_closed_programs_have_none(
    application: Flask, world: World
) -> None:
    path, before = f"/apply/{world.ids['program_id']}", stored()
    stranger = Browser(application)
    zoe = {"name": "Zoe", "email": "zoe@example.com"}
    for answer in (stranger.get(path), stranger.get("/apply/prog_x")):
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
        assert not [one for one in world.adas | world.bens if one in answer.text]
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    page = stranger.get(path).text
    token = re.search(r'csrf_token" value="(\w+)"', page)
    assert token is not None
    for data, headers in (
        (zoe, {}),
        ({**zoe, "csrf_token": "0" * 64}, {}),
        ({**zoe, "csrf_token": token[1]}, {"Origin": "https://evil.example"}),
        ({**zoe, "csrf_token": token[1]}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        assert stranger.client.post(path, data=data, headers=headers).status_code == 400
    assert Browser(application).client.post(path, data={**zoe, "csrf_token": token[1]}).status_code == 400
    assert stored() == before
