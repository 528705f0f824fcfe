"""What an import does, with the lists of each tool."""

import pytest
from sqlalchemy import text

from app import db
from tests.conftest import assert_ledger_sound

from .desk import Desk, told
from .lists import LISTS, MAPS, UNREAD


def state() -> dict[str, int]:
    """How many rows each table has that an import writes, and what is owed in all."""
    counted = "partners partner_codes snapshots signups customer_histories opening_balances journal_entries postings"
    with db.transaction() as session:
        rows = {table: session.scalar(text(f"SELECT count(*) FROM {table}")) for table in counted.split()}
        owed = session.scalar(text("SELECT coalesce(sum(payable_minor), 0) FROM opening_balances"))
    return {**rows, "owed": int(owed or 0)}


@pytest.mark.parametrize("tool", LISTS)
def test_lists_of_each_tool_are_imported_and_a_second_time_change_nothing(desk: Desk, tool: str) -> None:
    lists = LISTS[tool]
    before = state()
    dry = desk.imports(tool, lists, map=MAPS[tool], dry_run="true")
    assert state() == before
    first = desk.imports(tool, lists, map=MAPS[tool])
    assert dry["sentence"] == (
        "Dry run: 11 rows were read; 7 entries would be added or completed. Nothing was changed."
    )
    assert first["sentence"] == "11 rows were read; 7 entries were added or completed."
    assert {**dry, **dict.fromkeys(("id", "created_at", "finished_at", "sentence", "dry_run", "refusals"))} == {
        **first,
        **dict.fromkeys(("id", "created_at", "finished_at", "sentence", "dry_run", "refusals")),
    }
    assert told(dry) == told(first)
    assert [file["contents"] for file in first["files"]] == ["affiliates", "customers", "commissions"]
    assert first["files"][0]["unread_columns"] == [UNREAD[tool]]
    assert (first["status"], first["progress_percent"], first["refused"]) == ("finished", 100, 0)
    assert first["affiliates"] == {"created": 2, "completed": 0, "unchanged": 0}
    assert first["customers"] == {"created": 3, "completed": 0, "unchanged": 0}
    assert first["balances"] == {"created": 2, "completed": 0, "unchanged": 0}
    assert first["opened"] == [{"currency": "usd", "amount_cents": 4250}]
    assert first["left_out"] == {"no_customer": 1, "paid": 1, "voided": 1, "after_cutoff": 1}
    files = [file["name"] for file in first["files"]]
    assert told(first) == [
        f"{files[1]}:5 no_customer",
        f"{files[2]}:4 paid",
        f"{files[2]}:5 voided",
        f"{files[2]}:6 after_cutoff",
    ]
    after = state()
    partners = desk.partners()
    ann, bob = partners["ann@affiliates.example"], partners["bob@affiliates.example"]
    assert (ann["slug"], ann["status"], ann["first_name"], ann["last_name"]) == ("annie", "active", "Ann", "Arbor")
    assert (bob["slug"], bob["status"]) == ("bobby", "deactivated")
    assert desk.balance("ann@affiliates.example") == {"usd": 4250}
    assert_ledger_sound()

    second = desk.imports(tool, lists, map=MAPS[tool])
    assert state() == after
    assert second["sentence"] == "Nothing to change: 11 rows were read, and they say nothing new."
    assert (second["affiliates"]["unchanged"], second["customers"]["unchanged"], second["balances"]["unchanged"]) == (
        2,
        3,
        2,
    )
    assert told(second) == told(first)
