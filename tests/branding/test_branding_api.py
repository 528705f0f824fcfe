"""A program's brand over REST, and its files as browsers load them."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text

from app import db, ids
from tests.api.conftest import Answer, Caller, MakeCaller, caller_of
from tests.cast import Merchant

from . import pictures

__all__ = ["caller_of"]

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def owner(merchant: Merchant, caller_of: MakeCaller) -> Caller:
    return caller_of(merchant)


@pytest.fixture
def path(merchant: Merchant) -> str:
    return f"/api/v1/programs/{ids.encode('prog', merchant.program_id)}/branding"


@pytest.fixture
def visitor(application: Flask) -> Caller:
    return Caller(application, None)


def upload(owner: Caller, path: str, content: bytes, name: str = "logo.png") -> Answer:
    return owner.call("PUT", f"{path}/logo", data={"file": (BytesIO(content), name)})


def file_of(visitor: Caller, address: str) -> Any:
    with visitor.application.test_client().get(address) as answer:
        return answer.status_code, answer.headers, answer.get_data()


def test_a_brand_is_changed_field_by_field_with_audit_entries_without_words(owner: Caller, path: str) -> None:
    empty = owner.get(path).json
    assert {name for name, value in empty.items() if value is not None} == {"program_id", "placeholders"}
    owner.patch(path, {"name": "Shop friends", "color": "#0a7f5a", "support_email": "Help@Shop.example"})
    owner.patch(path, {"portal_text": "Hello {partner},\r\n\r\nwrite to {support_email}.", "color": "#0a7f5a"})
    shown = owner.patch(path, {"name": None}).json
    assert shown | {"updated_at": None} == {
        **empty,
        "color": "#0a7f5a",
        "button_text_color": "#ffffff",
        "link_color": "#0a7d59",
        "link_color_dark": "#479f83",
        "support_email": "help@shop.example",
        "portal_text": "Hello {partner},\n\nwrite to {support_email}.",
    }
    with db.transaction() as session:
        entries = session.scalars(text("SELECT details FROM audit_entries WHERE action = 'program.branding_changed'"))
        assert list(entries) == [
            {"changed": ["color", "name", "support_email"]},
            {"changed": ["portal_text"]},
            {"changed": ["name"]},
        ]


@pytest.mark.parametrize(
    ("sent", "param", "says"),
    [
        ({"color": "#0a7f5"}, "color", "pattern"),
        ({"color": "red;}body{"}, "color", "pattern"),
        ({"support_email": "shop"}, "support_email", "e-mail address"),
        ({"name": "a\nb"}, "name", "control character U+000A"),
        ({"name": "x" * 81}, "name", "at most 80"),
        ({"portal_text": "x" * 2001}, "portal_text", "at most 2000"),
        ({"portal_text": "a \u202e b"}, "portal_text", "control character U+202E"),
        ({"portal_text": "{partner.__class__}"}, "portal_text", "{code}, {partner}, {program}, {support_email}"),
        ({"application_text": "{{7*7}}"}, "application_text", "{commission}, {organization}, {program}"),
        ({"application_text": "{partner}"}, "application_text", "has '{partner}'"),
        ({"portal_text": "{support_email}"}, "portal_text", "there is no support address"),
    ],
)
def test_wrong_fields_are_refused_by_name_and_change_nothing(
    owner: Caller, path: str, sent: dict[str, str], param: str, says: str
) -> None:
    before = owner.get(path).json
    answer = owner.patch(path, sent)
    assert (answer.status_code, answer.json["error"]["param"], says in answer.json["error"]["message"]) == (
        *(400, param),
        True,
    ), answer.text
    assert owner.get(path).json == before


def test_the_support_address_stays_while_a_text_names_it(owner: Caller, path: str) -> None:
    owner.patch(path, {"support_email": "help@shop.example", "application_text": "Write to {support_email}."})
    refused = owner.patch(path, {"support_email": None})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "application_text")
    assert owner.patch(path, {"support_email": None, "application_text": None}).status_code == 200


def test_a_logo_is_loaded_by_everyone_and_kept_by_its_version(owner: Caller, path: str, visitor: Caller) -> None:
    shown = upload(owner, path, pictures.with_words(), "../../etc/logo.svg").json
    address = shown["logo"]["url"]
    assert address.endswith("/1.png")
    local = address.partition("/brand/")[2]
    status, headers, content = file_of(visitor, f"/brand/{local}")
    assert (status, headers["Content-Type"], headers["X-Content-Type-Options"]) == (200, "image/png", "nosniff")
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert Image.open(BytesIO(content)).size == (200, 50)
    assert b"Zoe Private" not in content
    owner.patch(path, {"color": "#ffd400"})
    replaced = upload(owner, path, pictures.jpeg()).json["logo"]["url"]
    assert replaced.endswith("/3.jpg")
    status, headers, content = file_of(visitor, f"/brand/{local}")  # an old mail
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "image/jpeg", "public, max-age=300")
    with owner.application.test_client() as client:
        own = client.get(f"{path}/logo", headers={"Authorization": f"Bearer {owner.key}"})
        assert (own.content_type, own.get_data()) == ("image/jpeg", content)
    assert owner.call("DELETE", f"{path}/logo").json["logo"] is None
    assert file_of(visitor, f"/brand/{local}")[0] == 404
    assert owner.get(f"{path}/logo").status_code == 404


def test_a_picture_that_is_refused_leaves_the_logo_as_it_was(owner: Caller, path: str) -> None:
    before = upload(owner, path, pictures.png()).json
    svg = upload(owner, path, f"<svg>{SCRIPT}</svg>".encode())
    assert (svg.status_code, svg.json["error"]["param"]) == (400, "file")
    assert upload(owner, path, pictures.png() + b"\0" * 1_000_001).status_code == 413
    assert owner.call("PUT", f"{path}/logo", data={"file": "no file"}).status_code in {400, 415}
    assert owner.get(path).json == before


def test_the_colour_comes_as_a_stylesheet_and_only_as_one(owner: Caller, path: str, visitor: Caller) -> None:
    address = f"{path.removeprefix('/api/v1/programs').replace('/branding', '')}"
    assert file_of(visitor, f"/brand{address}/1.css")[0] == 404
    owner.patch(path, {"color": "#ffd400"})
    status, headers, content = file_of(visitor, f"/brand{address}/1.css")
    assert (status, headers["Content-Type"]) == (200, "text/css")
    button = "--button: #ffd400; --on-button: #000000;"
    assert content.decode() == (
        f":root {{ {button} --accent: #806a00; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {button} --accent: #ffd400; }} }}\n"
    )
    for name in ("1.js", "1.html", "css", "1.css.js", "1.svg"):
        assert file_of(visitor, f"/brand{address}/{name}")[0] == 404, name
    for program in ("prog_00000000000000000000000000", "nothing", "org_1"):
        assert file_of(visitor, f"/brand/{program}/1.css")[0] == 404, program
