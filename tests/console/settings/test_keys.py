"""Keys in the console: an API key's value is shown once; both kinds are revoked after a question."""

import re
from base64 import urlsafe_b64encode

import pytest
from flask import Flask

from tests.api.conftest import Caller
from tests.api.isolation.world import World
from tests.console.conftest import ReaderOf
from tests.console.test_forms import send

LIST = "/console/settings/keys"


def test_a_key_is_shown_once_and_has_exactly_its_permissions(
    application: Flask, world: World, reader_of: ReaderOf, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = reader_of("owner")
    status, text = send(owner, LIST, LIST, name="accounting", level="read", scopes="no:such")
    assert (status, 'value="accounting"' in text) == (400, True)
    once = re.search(r'name="form_id" value="([^"]+)"', owner.get(LIST).text)
    assert once is not None
    fields = {"name": "accounting", "level": "read", "scopes": "commissions:read", "form_id": once[1]}
    answer = owner.browser.send(LIST, LIST, **fields)
    [value] = re.findall(r"<pre[^>]*>(aff_test_[\w-]+)</pre>", answer.text)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    again = owner.browser.send(LIST, LIST, **fields)
    assert (again.status_code, "load the page again" in again.text) == (409, True)
    listed = owner.get(LIST).text
    assert listed.count(f"…{value[-4:]}") == 1
    assert value not in listed + again.text + str(answer.headers) + capsys.readouterr().out
    key = Caller(application, value)
    assert key.get("/api/v1/commissions").status_code == 200
    assert key.get("/api/v1/payouts").status_code in (403, 404)
    [public_id] = re.findall(r"key_\w{26}", re.findall(r"accounting.*?</tr>", listed, re.DOTALL)[0])
    asking = f"{LIST}/{public_id}/revoke"
    assert value[-4:] in owner.get(asking).text
    status, text = send(owner, asking, asking)
    assert (status, "The key is revoked." in text, f'href="{asking}"' in text) == (303, True, False)
    assert key.get("/api/v1/commissions").status_code == 401
    entries = world.callers["owner"].get("/api/v1/audit", subject_id=public_id).json["data"]
    assert [one["action"] for one in entries] == ["key.revoked", "key.created"]
    assert all(one["actor"].startswith("usr_") for one in entries)


def test_a_browser_key_is_made_for_origins_and_revoked(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    form = f"{LIST}/browser"
    status, text = send(owner, LIST, form, name="pages of the shop", origins="https://shop.example/path")
    assert (status, 'value="https://shop.example/path"' in text, "is no origin" in text) == (400, True, True)
    origins = "https://www.shop.example  https://app.shop.example"
    assert send(owner, LIST, form, name="pages of the shop", origins=origins)[0] == 303
    [made] = [one for one in rest.get("/api/v1/browser-keys").json["data"] if one["name"] == "pages of the shop"]
    assert made["allowed_origins"] == ["https://app.shop.example", "https://www.shop.example"]
    assert made["browser_key"] in owner.get(LIST).text
    asking = f"{form}/{made['id']}/revoke"
    assert send(owner, asking, asking)[0] == 303
    assert rest.get("/api/v1/browser-keys").json["data"][0]["revoked_at"]


def test_a_client_key_shows_its_secret_once_and_is_revoked(
    world: World, reader_of: ReaderOf, capsys: pytest.CaptureFixture[str]
) -> None:
    owner, rest, form = reader_of("owner"), world.callers["owner"], f"{LIST}/client"
    status, text = send(owner, LIST, form, name="iOS app", claims="never")
    assert (status, 'value="iOS app"' in text) == (400, True)
    status, text = send(owner, LIST, form, name="iOS app", claims="once")
    secret, value = re.findall(r"<pre[^>]*>([^<]+)</pre>", text)
    [made] = [one for one in rest.get("/api/v1/client-keys").json["data"] if one["name"] == "iOS app"]
    assert (status, made["client_key"], made["claims"]) == (201, value, "once")
    page = owner.get(LIST).text
    assert (value in page, secret in page + capsys.readouterr().out) == (True, False)
    asking = f"{form}/{made['id']}/revoke"
    assert send(owner, asking, asking)[0] == 303
    assert rest.get(f"/api/v1/client-keys/{made['id']}").json["revoked_at"]


def test_managers_see_no_keys_and_make_none(world: World, reader_of: ReaderOf) -> None:
    manager = reader_of("owner", role="manager")
    assert manager.get(LIST).status_code == 403
    for form in (LIST, f"{LIST}/browser", f"{LIST}/client"):
        assert manager.browser.send("/console", form, name="mine", origins="https://x.example").status_code == 403


def test_a_message_that_the_session_did_not_leave_is_not_shown(reader_of: ReaderOf) -> None:
    """Made up by another site below the same domain, it could say that money was paid; broken, it would stop pages."""
    owner = reader_of("owner")
    made_up = [b'["key_revoked", {}]', b"5", b"[" * 2_000, b'["run_confirmed", {"count": 7}]']
    for left in (*(urlsafe_b64encode(text).decode() for text in made_up), "", ".", "\xe9"):
        for value in (left, f"{left}.{'0' * 64}", f"{left}.\xe9"):
            owner.browser.client.set_cookie("accrual_flash", value)
            page = owner.get(LIST)
            assert (page.status_code, 'role="status"' in page.text) == (200, False), value[:40]
