"""`accrual import`: the same imports as over HTTP."""

from pathlib import Path

import pytest

from app.cli.transfer import imports as commands
from app.errors import InvalidRequest, NotFound
from tests.cast import Merchant
from tests.imports.lists import REWARDFUL
from worker.transfer import imports

from .conftest import Accrual

pytestmark = pytest.mark.usefixtures("merchant")


@pytest.fixture
def lists(tmp_path: Path) -> list[str]:
    """Rewardful's lists in files."""
    paths = [tmp_path / name for name in REWARDFUL]
    for path, text in zip(paths, REWARDFUL.values(), strict=True):
        path.write_text(text)
    return [str(path) for path in paths]


def test_lists_are_imported_followed_shown_and_listed(
    accrual: Accrual, lists: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dry = accrual("import", "rewardful", *lists, "--cutoff", "2026-06-01", "--dry-run", "--detach")
    assert dry["status"] == "queued"
    imports.work_slice(60)
    assert accrual("import", "show", dry["id"])["sentence"].startswith("Dry run: 11 rows were read; 7 entries")
    monkeypatch.setattr(commands.time, "sleep", lambda _seconds: imports.work_slice(60))  # beside a worker
    done = accrual("import", "rewardful", *lists, "--cutoff", "2026-06-01", "--leave-pending")
    assert (done["status"], done["opened"]) == ("finished", [{"currency": "usd", "amount_cents": 3000}])
    assert [(one["file"], one["line"], one["reason"]) for one in done["refusals"]][-1] == (
        "commissions.csv",
        6,
        "after_cutoff",
    )
    assert [one["id"] for one in accrual("import", "list")] == [done["id"], dry["id"]]
    text = accrual("import", "show", done["id"], json_expected=False).stdout
    assert "affiliates, 2 rows; not read: Visitors" in text
    assert "30.00 USD" in text
    assert "The commission was paid by the other system, so nothing is owed." in text
    with pytest.raises(NotFound):
        accrual("import", "show", "imp_01h455vb4pex5vsknk084sn02q")


def test_column_that_is_unknown_is_asked_for_and_mapped(accrual: Accrual, tmp_path: Path, merchant: Merchant) -> None:
    assert merchant.program_id is not None
    file = tmp_path / "people.csv"
    file.write_text("Mail;Code\nzoe@affiliates.example;zoe\n")
    with pytest.raises(InvalidRequest, match=r"people\.csv has no column for affiliate_email"):
        accrual("import", "csv", str(file), "--detach")
    maps = ("--map", "Mail=affiliate_email", "--map", "Code=affiliate_code")
    asked = accrual("import", "csv", str(file), *maps, "--detach")
    imports.work_slice(60)
    assert accrual("import", "show", asked["id"])["affiliates"]["created"] == 1
    with pytest.raises(InvalidRequest, match="cannot be read: No such file"):
        accrual("import", "tolt", str(tmp_path / "none.csv"))
