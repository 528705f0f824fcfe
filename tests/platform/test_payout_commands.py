"""`accrual payouts`: the same runs and steps as over HTTP."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import db
from app.config import Settings
from app.errors import Conflict, InvalidRequest, NotFound
from tests import cast
from tests.api.reserved import approve
from tests.api.sales import sell
from tests.conftest import assert_ledger_sound
from worker.payouts import reserving

from .conftest import Accrual
from .test_audited_commands import trail


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As everywhere, with payouts switched on."""
    return settings.model_copy(update={"payouts_live": True})


@pytest.fixture
def payable(merchant: cast.Merchant) -> None:
    """Ada is owed 9.80 USD."""
    with db.transaction() as session:
        approve(session, merchant, "ada", sell(session, merchant, "ada", 1))


@pytest.mark.usefixtures("payable")
def test_payouts_are_previewed_run_and_brought_to_every_end(accrual: Accrual) -> None:
    shown = accrual("payouts", "preview")
    assert [payout["net_cents"] for payout in shown["payouts"]] == [980]
    run = accrual("payouts", "run", "--detach", "--preview-token", shown["preview_token"])
    assert run["status"] == "reserving"
    reserving.work_slice(60)
    [first] = accrual("payouts", "list", "--status", "pending")
    assert accrual("payouts", "show", run["id"])["payouts"] == [first]
    assert accrual("payouts", "fail", first["id"], "--reason", "account closed")["status"] == "failed"
    with pytest.raises(Conflict):
        accrual("payouts", "confirm", first["id"])

    second = again(accrual)
    assert accrual("payouts", "cancel", second)["status"] == "canceled"
    third = again(accrual)
    run_id = accrual("payouts", "show", third)["run_id"]
    assert accrual("payouts", "cancel", run_id)["status"] == "canceled"
    fourth = again(accrual)
    paid_at = datetime.now(UTC).isoformat()
    confirmed = accrual("payouts", "confirm", fourth, "--reference", "4XK7", "--paid-at", paid_at)
    assert (confirmed["status"], confirmed["provider_id"]) == ("paid", "4XK7")
    returned = accrual("payouts", "return", fourth, "--amount-cents", "400", "--reason", "sent back")
    assert (returned["status"], returned["returned_cents"]) == ("returned", 400)
    actions = [action for _, action, _ in trail() if action.startswith("payout")]
    assert actions[-2:] == ["payout.paid", "payout.returned"]
    assert_ledger_sound()


@pytest.mark.usefixtures("payable")
def test_balance_is_written_off_in_parts_by_command(accrual: Accrual) -> None:
    done = accrual("payouts", "write-off", "ada", "--amount-cents", "421", "--reason", "too little to pay")
    assert (done["amount_cents"], done["payable_cents"], done["currency"]) == (421, 559, "usd")
    with pytest.raises(Conflict, match=r"5\.59 USD is payable, so 5\.60 USD cannot be written off"):
        accrual("payouts", "write-off", "ada", "--amount-cents", "560", "--reason", "no account")
    rest = ("write-off", "ada", "--amount-cents", "559", "--reason", "no account", "--currency", "usd")
    printed = accrual("payouts", *rest, json_expected=False).stdout
    assert "5.59 USD" in printed
    assert "0.00 USD" in printed
    assert [action for _, action, _ in trail()].count("partner.written_off") == 2
    assert_ledger_sound()


@pytest.mark.usefixtures("payable")
def test_preview_in_a_terminal_shows_amounts_as_money_and_why_others_are_skipped(accrual: Accrual) -> None:
    accrual("payout-methods", "set", "ada", "--method", "payoneer", "--email", "ada@example.com")
    text = accrual("payouts", "preview", "--partner", "ada", json_expected=False).stdout
    [skipped] = [" ".join(line.split()) for line in text.splitlines() if line.startswith("ada ")]
    assert skipped == "ada 9.80 USD method_unavailable Payoneer pays 20.00 USD or more at a time."
    assert "nothing is payable" in accrual("payouts", "preview", "--exclude", "ada", json_expected=False).stdout
    with pytest.raises(NotFound, match='no partner has the id, code or e-mail address "eve"'):
        accrual("payouts", "preview", "--partner", "eve")
    with pytest.raises(InvalidRequest, match="status 'gone' is unknown"):
        accrual("payouts", "list", "--status", "gone")


@pytest.mark.usefixtures("payable")
def test_payout_in_a_terminal_shows_its_partner_by_code_what_is_in_it_and_what_came_back(accrual: Accrual) -> None:
    since = ("--source", "tolt", "--source-id", "ada", "--occurred-at", "2026-03-01")
    opening = accrual("opening-balances", "record", "ada", "--amount-cents", "250", *since)
    payout = again(accrual)
    accrual("payouts", "confirm", payout)
    accrual("payouts", "return", payout, "--amount-cents", "400", "--reason", "account closed")
    shown = accrual("payouts", "show", payout, json_expected=False).stdout
    words = [line.split() for line in shown.splitlines()]
    assert ["partner", "ada"] in words
    assert ["status", "returned", "(4.00", "USD)"] in words
    lines = accrual("payouts", "show", payout)["lines"]
    [commission_id] = filter(None, [line["commission_id"] for line in lines])
    assert [commission_id, "9.80", "USD", "0.00", "USD", "9.80", "USD"] in words
    assert [opening["id"], "2.50", "USD", "0.00", "USD", "2.50", "USD"] in words
    assert any(row[-7:] == ["UTC", "4.00", "USD", "4.00", "USD", "account", "closed"] for row in words if row)
    assert "_cents" not in shown


@pytest.mark.usefixtures("payable")
def test_ban_by_command_cancels_what_is_pending(accrual: Accrual) -> None:
    payout = again(accrual)
    assert accrual("partners", "ban", "ada")["canceled_payouts"] == [payout]
    assert accrual("payouts", "show", payout)["status"] == "canceled"


def again(accrual: Accrual) -> str:
    """Another run; gives the id of its payout."""
    run = accrual("payouts", "run", "--detach")
    reserving.work_slice(60)
    [payout] = accrual("payouts", "list", "--run", run["id"])
    return str(payout["id"])


@pytest.mark.usefixtures("payable")
def test_files_are_downloaded_and_results_imported_on_the_command_line(accrual: Accrual, tmp_path: Path) -> None:
    run_id = accrual("payouts", "run", "--detach")["id"]
    reserving.work_slice(60)
    [made] = accrual("payouts", "files", run_id)
    assert made["downloaded_at"] is None
    [sent] = accrual("payouts", "files", run_id, "--download", str(tmp_path))
    assert sent["downloaded_at"] is not None
    [payout] = accrual("payouts", "list", "--status", "sent")
    assert payout["reference"] in (tmp_path / sent["name"]).read_text()
    results = tmp_path / "results.csv"
    results.write_text(f"reference,status,provider_id\n{payout['reference']},paid,TX-1\nINV-7,paid,\n")
    done = accrual("payouts", "import-results", run_id, str(results))
    assert (done["confirmed"], [one["reason"] for one in done["not_applied"]]) == (1, ["unknown_reference"])
    actions = [action for _, action, _ in trail() if action.startswith("payout")]
    assert actions[-2:] == ["payout_file.downloaded", "payout_run.results_imported"]
    with pytest.raises(InvalidRequest, match="cannot be read"):
        accrual("payouts", "import-results", run_id, str(tmp_path / "missing.csv"))


@pytest.mark.usefixtures("payable")
def test_downloaded_file_of_a_canceled_payout_is_warned_of(accrual: Accrual, tmp_path: Path) -> None:
    payout = again(accrual)
    run_id = accrual("payouts", "show", payout)["run_id"]
    [file] = accrual("payouts", "files", run_id, "--download", str(tmp_path))
    accrual("payouts", "cancel", payout, "--force", "--reason", "not uploaded")
    with pytest.raises(Conflict, match="there is none to confirm"):
        accrual("payouts", "confirm", run_id)
    with pytest.raises(InvalidRequest, match="confirm the run without it"):
        accrual("payouts", "confirm", run_id, "--reference", "4XK7")
    printed = accrual("payouts", "files", run_id, json_expected=False).stderr
    assert f"{file['name']} is void: a payout of it was canceled; do not upload it" in printed
