"""The pages of people and sessions, and every page of the console with every role."""

import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app import db, ids
from app.organizations.models import AuditEntry
from app.organizations.permissions import Caller
from app.people.models import PersonSession
from app.people.roles import ROLES, scopes_of
from tests.cast import Merchant, open_merchant
from tests.people.conftest import OWNER, add_person

from .conftest import Browser, NewBrowser

PEOPLE = "/console/settings/people"
SESSIONS = "/console/settings/sessions"

pytestmark = pytest.mark.usefixtures("olga")


def console(application: Flask) -> list[tuple[str, str, Any]]:
    """Method, path and permission of each page below /console; ids in paths are unknown ones."""
    found = []
    for rule in application.url_map.iter_rules():
        if rule.rule.startswith("/console"):
            view = application.view_functions[rule.endpoint]
            path = re.sub(r"<(?:\w+:)?\w+>", "unknown", rule.rule)
            found += [(method, path, vars(view)["permission"]) for method in rule.methods & {"GET", "POST"}]
    return sorted(found, key=str)


def test_every_page_needs_a_session_and_its_permission_and_every_form_a_token(
    application: Flask, merchant: Merchant, browser: Browser, new_browser: NewBrowser
) -> None:
    pages = console(application)
    assert len(pages) > 25
    readers = {"owner": new_browser().sign_in()}
    for role in ("manager", "viewer"):
        add_person(merchant.organization_id, f"{role}@example.com", role)
        readers[role] = new_browser().sign_in(f"{role}@example.com")
    for method, path, permission in pages:
        answer = browser.client.open(path, method=method)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/login"), path
        for role, reader in readers.items():
            scopes = scopes_of(role)
            may = permission is None or not scopes or permission in scopes
            status = reader.client.open(path, method=method, buffered=True).status_code
            expected = {400} if method == "POST" else {200, 303, 404} if may else {403}
            assert status in expected, (role, method, path)


def test_owner_adds_changes_and_disables_people_as_the_audit_trail_says(
    olga: UUID, merchant: Merchant, browser: Browser, new_browser: NewBrowser
) -> None:
    browser.sign_in()
    assert browser.send(PEOPLE, email="Mara@example.com", role="manager", name="<b>Mara</b>").status_code == 303
    page = browser.get(PEOPLE).text
    assert "mara@example.com may sign in now" in page
    assert "<b>Mara</b>" not in page
    mara = new_browser().sign_in("mara@example.com")
    assert mara.get(PEOPLE).status_code == 403
    assert "Your role, manager, does not have the permission people:read" in mara.get(PEOPLE).text
    [path] = re.findall(rf"{PEOPLE}/usr_\w+/role", page.partition("mara@example.com</th>")[2].partition("</tr>")[0])
    assert browser.send(PEOPLE, path, role="viewer").status_code == 303
    assert mara.get("/console").status_code == 200
    assert browser.send(PEOPLE, path.replace("/role", "/disable")).status_code == 303
    assert mara.get("/console").headers["Location"].startswith("/login")
    with db.transaction() as session:
        made = session.execute(select(AuditEntry.actor, AuditEntry.action).order_by(AuditEntry.id)).all()
    olgas = [action for actor, action in made if actor == ids.encode(ids.PERSON, olga)]
    assert olgas == ["person.signed_in", "person.added", "person.role_changed", "person.disabled"]


def test_refusals_of_commands_are_pages_that_say_what_to_do(olga: UUID, merchant: Merchant, browser: Browser) -> None:
    browser.sign_in()
    with db.transaction() as session:
        foreign = open_merchant(session, "Foreign").organization_id
    stranger = ids.encode(ids.PERSON, add_person(foreign, "fritz@example.com"))
    own = ids.encode(ids.PERSON, olga)
    for action, fields, status, words in (
        (f"{PEOPLE}/{own}/disable", {}, 409, "make another person an owner first"),
        (f"{PEOPLE}/{own}/role", {"role": "viewer"}, 409, "make another person an owner first"),
        (f"{PEOPLE}/{own}/role", {"role": "boss"}, 400, "use one of owner, manager, viewer"),
        (f"{PEOPLE}/{stranger}/disable", {}, 404, "was found"),
        (PEOPLE, {"email": "nothing", "role": "viewer"}, 400, "must be one plain e-mail address"),
        (PEOPLE, {"email": OWNER, "role": "viewer"}, 409, "is in this organization already"),
        (PEOPLE, {"email": "a\x00@example.com", "role": "viewer"}, 400, "email"),
    ):
        answer = browser.send(PEOPLE, action, **fields)
        assert (answer.status_code, answer.mimetype) == (status, "text/html"), action
        assert fields.get("email") != "nothing" or 'value="nothing"' in answer.text
        assert words in answer.text
        assert "fritz" not in answer.text


def test_person_ends_its_own_sessions_only(browser: Browser, merchant: Merchant, new_browser: NewBrowser) -> None:
    add_person(merchant.organization_id, "mara@example.com", "manager")
    mara, lost = new_browser().sign_in("mara@example.com"), new_browser().sign_in()
    browser.sign_in()
    page = browser.get(SESSIONS).text
    ends = re.findall(rf"{SESSIONS}/ses_\w+/end", page)
    assert len(ends) == 1
    assert browser.send(SESSIONS, ends[0]).status_code == 303
    assert lost.get("/console").status_code == 303
    with db.transaction() as session:
        open_ = session.scalars(select(PersonSession.id).where(PersonSession.revoked_at.is_(None))).all()
    for session_id in open_:
        browser.send(SESSIONS, f"{SESSIONS}/{ids.encode(ids.SESSION, session_id)}/end")
    assert mara.get("/console").status_code == 200


def test_roles_are_read_where_permissions_are(merchant: Merchant) -> None:
    def caller(role: str) -> Caller:
        whose = {"organization_id": merchant.organization_id, "organization_ids": (merchant.organization_id,)}
        return Caller(key_id=None, level="manage", scopes=scopes_of(role), livemode=True, kind="merchant", **whose)

    assert [role for role in ROLES if caller(role).may("payout_settings:write")] == ["owner"]
    assert [role for role in ROLES if caller(role).may("commissions:read")] == list(ROLES)
    assert [role for role in ROLES if caller(role).may("payouts:write")] == ["owner", "manager"]
