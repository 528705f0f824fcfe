"""An archive that was changed, cut short, or made to do harm is refused in words, and changes nothing."""

import json
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from sqlalchemy import text

from app import db
from app.errors import Conflict, InvalidRequest
from app.transfer.exports import reading
from tests.api.sales import sell
from tests.cast import Merchant

from . import archives
from .archives import MANIFEST
from .conftest import Lose, Restore

JSON = "json/commissions.jsonl"
Change = Callable[[bytes], bytes]


@pytest.fixture
def archive(merchant: Merchant) -> bytes:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    return archives.exported()


def replaced(name: str, content: bytes) -> Change:
    return lambda archive: archives.packed({**archives.files_of(archive), name: content})


def without(name: str) -> Change:
    return lambda archive: archives.packed(
        {other: content for other, content in archives.files_of(archive).items() if other != name}
    )


def bomb(archive: bytes) -> bytes:
    """A file of 64 MB that takes 64 kB, with a manifest that agrees."""
    content = b"\n" * 64 * 1024**2
    return agreed(archives.files_of(archive), "csv/commissions.csv", content)


def lying_bomb(archive: bytes) -> bytes:
    """A file of 64 MB that says everywhere that it is small."""
    small = archives.files_of(archive)["csv/commissions.csv"]
    name = "csv/commissions.csv"
    packed = bytearray(archives.packed({**archives.files_of(archive), name: b"\n" * 64 * 1024**2}))
    for header, size_at, name_at in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = (
            packed.index(name.encode(), packed.index(header))
            if header == b"PK\x03\x04"
            else packed.rindex(name.encode())
        )
        start = at - name_at
        assert packed[start : start + 4] == header
        packed[start + size_at : start + size_at + 4] = len(small).to_bytes(4, "little")
    return bytes(packed)


def agreed(files: archives.Files, name: str, content: bytes) -> bytes:
    manifest = json.loads(files[MANIFEST])
    for table in manifest["tables"]:
        for member in (table["json_lines"], table["csv"]):
            if member["name"] == name:
                member |= {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    return archives.packed({**files, name: content, MANIFEST: json.dumps(manifest).encode()})


def twice(archive: bytes) -> bytes:
    target = BytesIO(archive)
    with pytest.warns(UserWarning, match="Duplicate"), ZipFile(target, "a", ZIP_DEFLATED) as opened:
        opened.writestr(JSON, b"")
    return target.getvalue()


def with_path(archive: bytes) -> bytes:
    """A manifest that names a file outside of the archive's directories."""
    manifest = json.loads(archives.files_of(archive)[MANIFEST])
    manifest["tables"][0]["json_lines"]["name"] = "../../home/.profile"
    return archives.with_manifest(archive, tables=manifest["tables"])


def richer(archive: bytes) -> bytes:
    """Every posting doubled: each entry balances, and the commission has other sums."""
    rows = archives.rows_of(archive, "postings")
    return archives.with_rows(archive, "postings", [{**row, "amount_minor": row["amount_minor"] * 2} for row in rows])


def unbalanced(archive: bytes) -> bytes:
    first, *others = archives.rows_of(archive, "postings")
    return archives.with_rows(archive, "postings", [{**first, "amount_minor": 1}, *others])


def with_column(archive: bytes) -> bytes:
    rows = archives.rows_of(archive, "partners")
    return archives.with_rows(archive, "partners", [{**row, "is_admin": True} for row in rows])


REFUSED: dict[str, tuple[Change, str]] = {
    "is no zip file": (lambda _: b"PK, but no archive", "no complete zip file"),
    "was cut short": (lambda archive: archive[: len(archive) // 2], "no complete zip file"),
    "lost its middle": (lambda archive: archive[:2000] + archive[4000:], "no complete zip file|damaged"),
    "has other bytes": (replaced(JSON, b""), "has 0 bytes, and its manifest.json says"),
    "has other rows of the same size": (
        lambda archive: replaced(JSON, archives.files_of(archive)[JSON].replace(b"980", b"981"))(archive),
        "its SHA-256 differs",
    ),
    "has no manifest": (without(MANIFEST), "it has 0 files called manifest.json"),
    "has a manifest of another kind": (replaced(MANIFEST, b'{"format": 2}'), "manifest.json is wrong at format"),
    "has no JSON as manifest": (replaced(MANIFEST, b"]"), "manifest.json is wrong at the document"),
    "has a manifest without end": (replaced(MANIFEST, b" " * 2_000_000), "larger than 1,048,576 bytes"),
    "lacks a file": (without(JSON), f"{JSON} is in its manifest.json and not in the archive"),
    "has a file more": (replaced("../../etc/passwd", b"x"), "'../../etc/passwd' that its manifest.json does not name"),
    "has a file twice": (twice, "does not name, or has it twice"),
    "names a file elsewhere": (with_path, "names other files for organizations"),
    "is a bomb": (bomb, "bytes, too many for an archive of"),
    "is a bomb that lies": (lying_bomb, "damaged|differs"),
    "was made by another version": (
        lambda archive: archives.with_manifest(archive, schema_revision="roles"),
        "with the schema roles",
    ),
    "has a column more": (with_column, "not a row with the columns"),
    "has an entry that does not balance": (unbalanced, "the database does not accept its postings .*unbalanced"),
    "has consistent false amounts": (richer, "breaks a rule of the ledger: A commission's sums"),
}


def test_changed_archive_is_refused_and_changes_nothing(
    archive: bytes, lose_everything: Lose, restored: Restore
) -> None:
    lose_everything()
    for what, (change, reason) in REFUSED.items():
        with pytest.raises(InvalidRequest, match=reason) as refused:
            restored(change(archive))
        assert refused.value.code == "archive_refused", what
        assert "nothing was changed" in refused.value.message, what
        assert _organizations() == 0, what
    restored(archive)
    assert _organizations() == 1


def test_installation_with_data_is_refused(archive: bytes, restored: Restore) -> None:
    with pytest.raises(Conflict, match="not empty: there are rows in organizations, programs, terms") as refused:
        restored(archive)
    assert refused.value.code == "not_empty"


def test_archive_with_a_passphrase_needs_it(archive: bytes, lose_everything: Lose, restored: Restore) -> None:
    sealed = archives.exported(passphrase="correct horse battery")
    lose_everything()
    for passphrase, code in ((None, "archive_refused"), ("correct horse staple", "wrong_passphrase")):
        with pytest.raises(InvalidRequest) as refused:
            restored(sealed, passphrase)
        assert refused.value.code == code
    with pytest.raises(InvalidRequest, match="made without a passphrase"):
        restored(archive, "correct horse battery")
    with pytest.raises(InvalidRequest, match="12 to 1,024 characters; this one has 5"):
        archives.exported(passphrase="horse")
    assert _organizations() == 0


def test_line_is_read_up_to_a_limit(archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 50)
    with reading.Archive.opened(BytesIO(archive)) as opened, pytest.raises(InvalidRequest, match="without an end"):
        list(opened.lines(opened.manifest.tables[0].json_lines))


def _organizations() -> int:
    with db.transaction() as session:
        return session.execute(text("SELECT count(*) FROM organizations")).scalar_one()
