"""`accrual export` and `accrual import accrual` on the command line; whose data is in an archive."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app import db, ids
from app.cli.main import app
from app.errors import Conflict, InvalidRequest
from tests.api.sales import sell
from tests.cast import Merchant, enroll, open_merchant
from tests.platform.conftest import Accrual, accrual

from . import archives
from .conftest import Lose

__all__ = ["accrual"]


def test_export_is_private_and_restored_by_the_other_command(
    accrual: Accrual, merchant: Merchant, lose_everything: Lose, tmp_path: Path
) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    target = tmp_path / "shop.zip"
    made = accrual("export", "-o", str(target))
    assert (made["archive"], made["bytes"]) == (str(target), target.stat().st_size)
    assert made["payout_destinations"] == "left out"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(InvalidRequest, match="exists; choose another name with --output"):
        accrual("export", "-o", str(target))
    assert list(tmp_path.glob("*partial*")) == []
    audited = text("SELECT subject_id, details->>'sha256' FROM audit_entries WHERE action = 'organization.exported'")
    with db.transaction() as session:
        assert session.execute(audited).all() == [(ids.encode("org", merchant.organization_id), made["sha256"])]

    with pytest.raises(Conflict, match="not empty"):
        accrual("import", "accrual", str(target))
    lose_everything()
    with pytest.raises(InvalidRequest, match="not the one given: it was changed"):
        accrual("import", "accrual", str(target), "--sha256", "0" * 64)
    done = accrual("import", "accrual", str(target), "--sha256", made["sha256"].upper())
    assert (done["organizations"], done["rows"]) == ([ids.encode("org", merchant.organization_id)], made["rows"])
    assert accrual("verify") == []
    assert [row["code"] for row in accrual("partners", "list")] == ["dan", "ben", "ada"]
    shop = ids.encode("org", merchant.organization_id)
    booted = accrual("bootstrap", "--organization", shop, "--email", "shop@example.com")
    assert booted["api_key"].startswith("aff_test_")


def test_passphrase_is_asked_for(accrual: Accrual, merchant: Merchant, lose_everything: Lose, tmp_path: Path) -> None:
    target, words = tmp_path / "sealed.zip", "correct horse battery\n"
    common = ["--passphrase", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app, ["export", "-o", str(target), *common], input=words)
    assert done.exit_code == 0, done.output
    assert "correct horse" not in done.output
    lose_everything()
    with pytest.raises(InvalidRequest, match="made with a passphrase; give it with --passphrase"):
        accrual("import", "accrual", str(target))
    done = CliRunner().invoke(app, ["import", "accrual", str(target), *common], input=words)
    assert done.exit_code == 0, done.output
    assert "no rule of the ledger is broken" in done.output


def test_an_export_of_one_organization_has_nothing_of_another(merchant: Merchant) -> None:
    with db.transaction() as session:
        elsewhere = open_merchant(session, "Elsewhere")
        enroll(session, elsewhere, "zoe")
        other_affiliate = open_merchant(session, "Zoe and daughters").organization_id
        session.execute(
            text("UPDATE partners SET partner_organization_id = :id WHERE slug IN ('zoe', 'ada')"),
            {"id": other_affiliate},
        )
    with db.transaction() as session:
        for shop, code, number in ((merchant, "ada", 1), (elsewhere, "zoe", 2)):
            sell(session, shop, code, number)
            sell(session, shop, code, number + 10, livemode=True)
    archive = archives.exported(merchant.organization_id, livemode=False)
    whole = b"\n".join(archives.files_of(archive).values())
    assert str(elsewhere.organization_id).encode() not in whole
    for word in (b"Elsewhere", b"daughters", b"zoe@", b"in_2", b"in_11", b'"livemode":true'):
        assert word not in whole, word
    assert b"in_1" in whole
    known = {row["id"]: row["name"] for row in archives.rows_of(archive, "organizations")}
    assert known == {str(merchant.organization_id): "Shop", str(other_affiliate): "affiliate"}
