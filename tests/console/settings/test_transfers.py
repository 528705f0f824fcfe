"""Exports and imports in the console: asked for, followed, downloaded; and lists as CSV."""

import csv
import io
import re
import zipfile
from typing import Any

import pytest

from tests.api.isolation.world import World
from tests.console.conftest import Reader, ReaderOf
from tests.console.test_forms import send
from worker.transfer import exports, imports

EXPORTS, IMPORTS = "/console/exports", "/console/imports"
PASSPHRASE = "only the two of us know it"
AFFILIATES = (
    "affiliate_id,affiliate_email,affiliate_name,affiliate_status\n"
    "a1,eve@affiliates.example,Eve,active\na2,nothing,Mallory,active\n"
)


def upload(reader: Reader, content: str, **fields: str) -> tuple[int, str]:
    """Send the form of an import with one file; gives the status and text of the page after it."""
    token = re.search(r'name="csrf_token" value="(\w+)"', reader.get(IMPORTS).text)
    assert token is not None
    data: dict[str, Any] = {"csrf_token": token[1], "tool": "csv", **fields}
    if content:
        data["file"] = (io.BytesIO(content.encode()), "affiliates.csv")
    answer = reader.browser.client.post(IMPORTS, data=data, content_type="multipart/form-data")
    return answer.status_code, reader.get(answer.headers["Location"]).text if answer.status_code == 303 else answer.text


def test_an_export_is_asked_for_made_and_downloaded(
    world: World, reader_of: ReaderOf, capsys: pytest.CaptureFixture[str]
) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    waiting = f"{EXPORTS}/{world.ids['export_id']}/file"
    assert owner.browser.send("/console", waiting).status_code == 409
    assert send(owner, EXPORTS, EXPORTS)[0] == 409
    exports.work_slice(60)
    status, text = send(owner, EXPORTS, EXPORTS, passphrase="short")
    assert (status, "short" in text.partition("<main")[2].replace("shorter", "")) == (400, False)
    assert send(owner, EXPORTS, EXPORTS, passphrase=PASSPHRASE)[0] == 303
    exports.work_slice(60)
    newest = rest.get("/api/v1/exports").json["data"][0]
    assert (newest["status"], newest["has_destinations"]) == ("ready", True)
    page = owner.get(EXPORTS).text
    form = f"{EXPORTS}/{newest['id']}/file"
    assert f'action="{form}"' in page
    answer = owner.browser.send(EXPORTS, form)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{newest["id"]}.zip"'
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert PASSPHRASE not in page + capsys.readouterr().out
    assert "export.downloaded" in owner.get("/console/settings/audit").text


def test_an_import_is_tried_and_then_done(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    status, text = upload(owner, "", maps="Joined=referred_at")
    assert (status, "choose 1 to" in text, "Joined=referred_at" in text) == (400, True, True)
    status, text = upload(owner, "nothing\n1\n", tool="tolt")
    assert (status, 'value="tolt" selected' in text) == (400, True)
    status, text = upload(owner, AFFILIATES, dry_run="true")
    imports.work_slice(60)
    assert (status, "The import is queued." in text) == (303, True)
    partners = f"/v1/admin/affiliate/programs/{world.ids['program_id']}/affiliates"
    assert "eve@affiliates.example" not in str(rest.get(partners).json)
    status, text = upload(owner, AFFILIATES, cutoff_at="2020-01-01T00:00", program_id=world.ids["program_id"])
    imports.work_slice(60)
    assert status == 303
    assert "eve@affiliates.example" in str(rest.get(partners).json)
    done = rest.get("/api/v1/imports").json["data"][0]
    assert (done["refused"], done["cutoff_at"]) == (1, "2020-01-01T00:00:00.000Z")
    answer = owner.get(f"{IMPORTS}/{done['id']}", csv="true")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (answer.headers["Content-Type"].partition(";")[0], row["line"], row["kind"]) == ("text/csv", "3", "refused")


def test_the_same_form_with_another_file_is_another_import(world: World, reader_of: ReaderOf) -> None:
    """As after going back to the page and choosing the list that was meant; the same file twice is one import."""
    owner, rest = reader_of("owner"), world.callers["owner"]
    before = len(rest.get("/api/v1/imports").json["data"])
    for content, made in ((AFFILIATES, 1), (AFFILIATES, 1), (AFFILIATES.replace("eve@", "eva@"), 2)):
        assert upload(owner, content, dry_run="true", form_id="of-one-page")[0] == 303
        imports.work_slice(60)
        assert len(rest.get("/api/v1/imports").json["data"]) == before + made


def test_the_audit_trail_is_downloaded_as_it_is_filtered(world: World, reader_of: ReaderOf) -> None:
    owner = reader_of("owner")
    listed = list(csv.DictReader(io.StringIO(owner.get("/console/settings/audit", csv="true").text)))
    assert {one["action"] for one in listed} > {"person.signed_in", "export.requested"}
    asked = owner.get("/console/settings/audit", csv="true", action="export.requested").text
    assert {one["action"] for one in csv.DictReader(io.StringIO(asked))} == {"export.requested"}
    assert (
        "csv=true&amp;action=export.requested" in owner.get("/console/settings/audit", action="export.requested").text
    )
    manager = reader_of("stranger").get("/console/settings/audit", csv="true").text
    assert world.ids["export_id"] not in manager


def test_a_viewer_asks_for_neither(world: World, reader_of: ReaderOf) -> None:
    viewer = reader_of("owner", role="viewer")
    for page in (EXPORTS, IMPORTS):
        assert "<form" not in viewer.get(page).text.partition("<main")[2]
        assert viewer.browser.send("/console", page, tool="csv").status_code == 403
