"""Files of a run: made when it is reserved, sent by the first download, made again without what was canceled before."""

import csv
import hashlib
import io

import pytest
from sqlalchemy import text

from app import db
from tests.api.conftest import Answer
from tests.conftest import assert_ledger_sound
from worker.payouts import reserving

from .till import Body, Till, payout_of


def download(till: Till, run: Body, file: Body) -> Answer:
    return till.caller.get(f"/api/v1/payout-runs/{run['id']}/files/{file['id']}")


def only_file(run: Body) -> Body:
    [file] = run["files"]
    return dict(file)


def rows(answer: Answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text, newline="")))


def test_run_makes_a_file_whose_first_download_sends_its_payouts(till: Till) -> None:
    till.owes("ada", 4900)
    till.owes("ben", 10_000)
    run = till.runs()
    file = only_file(run)
    assert (file["kind"], file["currency"], file["lines"], file["net_cents"]) == ("paypal", "usd", 2, 2980)
    assert (file["status"], file["downloaded_at"]) == ("current", None)
    assert file["name"].startswith("TEST-payouts-paypal-usd-")
    assert {one["status"] for one in run["payouts"]} == {"pending"}

    first = download(till, run, file)
    assert first.status_code == 200, first.text
    expected = {one["reference"]: one["net_cents"] for one in run["payouts"]}
    assert {row[3]: round(float(row[1]) * 100) for row in rows(first)} == expected
    assert all(row[4].startswith("TEST ") for row in rows(first))
    assert hashlib.sha256(first.text.encode()).hexdigest() == file["sha256"]

    after = till.sees_run(run["id"])
    assert {one["status"] for one in after["payouts"]} == {"sent"}
    assert only_file(after)["downloaded_at"] is not None
    assert download(till, run, file).text == first.text
    assert till.sees_run(run["id"]) == after


def test_cancel_before_the_download_makes_the_file_again_without_the_line(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    run = till.runs()
    old = only_file(run)
    till.did(payout_of(run, till, "ada")["id"], "cancel")
    refused = download(till, run, old)
    assert (refused.status_code, refused.json["error"]["code"]) == (410, "file_replaced")

    reserving.work_slice(60)
    new = only_file(till.sees_run(run["id"]))
    assert (new["id"] != old["id"], new["sha256"] != old["sha256"], new["lines"]) == (True, True, 1)
    assert rows(download(till, run, new))[0][3] == payout_of(run, till, "ben")["reference"]
    assert download(till, run, old).status_code == 410
    assert_ledger_sound()


def test_ban_before_the_download_makes_the_file_again_and_after_it_changes_nothing(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    run = till.runs()
    till.bans("ada")
    reserving.work_slice(60)
    file = only_file(till.sees_run(run["id"]))
    assert file["lines"] == 1
    assert download(till, run, file).status_code == 200
    till.bans("ben")
    reserving.work_slice(60)
    after = till.sees_run(run["id"])
    assert only_file(after) == {**file, "downloaded_at": only_file(after)["downloaded_at"]}
    assert payout_of(after, till, "ben")["status"] == "sent"


def test_cancel_of_the_last_line_leaves_no_file(till: Till) -> None:
    till.owes("ada")
    run = till.runs()
    till.did(run["payouts"][0]["id"], "cancel")
    reserving.work_slice(60)
    after = till.sees_run(run["id"])
    assert (after["files"], after["status"]) == ([], "canceled")
    assert download(till, run, only_file(run)).status_code == 410


@pytest.mark.parametrize("step", ["confirm", "fail"])
def test_payout_that_ended_by_hand_before_the_download_is_not_in_the_file(till: Till, step: str) -> None:
    till.owes("ada")
    till.owes("ben")
    run = till.runs()
    till.did(payout_of(run, till, "ada")["id"], step, **({"reason": "no account"} if step == "fail" else {}))
    reserving.work_slice(60)
    assert only_file(till.sees_run(run["id"]))["lines"] == 1


def test_cancel_after_the_download_needs_force_and_a_reason_and_voids_the_file(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    run = till.runs()
    file = only_file(run)
    before = download(till, run, file)
    payout_id = payout_of(run, till, "ada")["id"]
    assert till.does(payout_id, "cancel").json["error"]["code"] == "file_taken"
    assert till.does(payout_id, "cancel", force=True).status_code == 400
    assert till.did(payout_id, "cancel", force=True, reason="never uploaded")["status"] == "canceled"
    reserving.work_slice(60)
    after = till.sees_run(run["id"])
    assert only_file(after)["status"] == "void"
    assert (only_file(after)["id"], only_file(after)["sha256"]) == (file["id"], file["sha256"])
    assert download(till, run, file).text == before.text
    assert payout_of(after, till, "ben")["status"] == "sent"
    assert_ledger_sound()


def test_run_canceled_after_the_download_keeps_what_was_sent(till: Till) -> None:
    till.owes("ada")
    run = till.runs()
    download(till, run, only_file(run))
    answer = till.caller.post(f"/api/v1/payout-runs/{run['id']}/cancel")
    assert answer.json["data"]["status"] == "open"
    assert answer.json["data"]["payouts"][0]["status"] == "sent"


def test_each_currency_has_its_own_file(till: Till) -> None:
    till.owes("ada", 4900)
    till.owes("ada", 4900, currency="eur")
    assert sorted(file["currency"] for file in till.runs()["files"]) == ["eur", "usd"]


def test_stored_file_is_sealed(till: Till) -> None:
    till.owes("ada")
    till.runs()
    with db.transaction() as session:
        [stored] = session.scalars(text("SELECT content_encrypted FROM payout_files")).all()
    assert "ada@wallet.example" not in stored
    assert "," not in stored


def test_file_of_another_run_is_not_found(till: Till) -> None:
    till.owes("ada")
    run = till.runs()
    till.owes("ben")
    other = till.runs()
    assert download(till, run, only_file(other)).json["error"]["code"] == "payout_file_not_found"
    assert download(till, {"id": "pyr_none"}, only_file(run)).status_code == 404


def test_partner_whose_stored_destination_is_a_formula_is_skipped_alone(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    till.caller.call("PATCH", f"/api/v1/partners/{till.partner('ada')}", json={"first_name": "=HYPERLINK(A1)"})
    till.puts_method("ada", method="crypto", network="bitcoin", address="bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
    run = till.runs()
    [skipped] = run["skipped"]
    assert (skipped["partner_id"], skipped["reason"]) == (till.partner("ada"), "destination_invalid")
    assert skipped["sentence"].startswith("name begins like a formula")
    assert only_file(run)["lines"] == 1
