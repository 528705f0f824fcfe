"""Importing what a provider says: each line confirms or fails its payout, or is listed; twice is once."""

import io
from typing import Any

from app import sealing
from tests.api.conftest import Answer
from tests.conftest import assert_ledger_sound

from .till import Body, Till, payout_of


def upload(till: Till, run: Body, text: str, **headers: str) -> Answer:
    data = {"file": (io.BytesIO(text.encode()), "results.csv")}
    return till.caller.call("POST", f"/api/v1/payout-runs/{run['id']}/results", headers, data=data)


def imported(till: Till, run: Body, text: str) -> Body:
    answer = upload(till, run, text)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def sent_run(till: Till) -> Body:
    """A run for Ada and Ben whose file was downloaded."""
    till.owes("ada", 4900)
    till.owes("ben", 10_000)
    run = till.runs()
    [file] = run["files"]
    assert till.caller.get(f"/api/v1/payout-runs/{run['id']}/files/{file['id']}").status_code == 200
    return run


def counts(done: Body) -> dict[str, Any]:
    return {name: done[name] for name in ("confirmed", "failed", "unchanged", "waiting")}


def test_lines_confirm_and_fail_their_payouts_and_the_second_time_nothing_changes(till: Till) -> None:
    run = sent_run(till)
    ada, ben = payout_of(run, till, "ada"), payout_of(run, till, "ben")
    text = (
        "reference,status,provider_id,reason\r\n"
        f"{ada['reference']},paid,TX-1,\r\n"
        f"{ben['reference']},failed,TX-2,account closed\r\n"
        "INV-7,paid,TX-3,\r\n"
    )
    done = imported(till, run, text)
    assert counts(done) == {"confirmed": 1, "failed": 1, "unchanged": 0, "waiting": 0}
    [unknown] = done["not_applied"]
    assert (unknown["line"], unknown["reference"], unknown["reason"]) == (4, None, "unknown_reference")

    paid, failed = till.sees(ada["id"]), till.sees(ben["id"])
    assert (paid["status"], paid["provider_id"]) == ("paid", "TX-1")
    assert (failed["status"], failed["provider_id"], failed["failure_reason"]) == ("failed", "TX-2", "account closed")
    assert (till.holds("ada")[3], till.holds("ben")[1]) == (980, 2000)
    assert till.sees_run(run["id"])["status"] == "completed"

    again = imported(till, run, text)
    assert counts(again) == {"confirmed": 0, "failed": 0, "unchanged": 2, "waiting": 0}
    assert (till.sees(ada["id"]), till.sees(ben["id"])) == (paid, failed)
    assert_ledger_sound()


def test_line_that_contradicts_what_is_known_changes_nothing_and_is_listed(till: Till) -> None:
    run = sent_run(till)
    ada, ben = payout_of(run, till, "ada"), payout_of(run, till, "ben")
    till.did(ada["id"], "confirm")
    done = imported(
        till,
        run,
        "reference,status,amount,currency\n"
        f"{ada['reference']},failed,,\n"
        f"{ben['reference']},paid,19.99,USD\n"
        f"{ben['reference']},paid,20.00,EUR\n"
        f"{ben['reference']},perhaps,20.00,USD\n"
        f"{ben['reference']},pending,20.00,USD\n",
    )
    assert counts(done) == {"confirmed": 0, "failed": 0, "unchanged": 0, "waiting": 1}
    assert [(one["line"], one["reason"], one["payout_id"]) for one in done["not_applied"]] == [
        (2, "status_refused", ada["id"]),
        (3, "amount_differs", ben["id"]),
        (4, "amount_differs", ben["id"]),
        (5, "unknown_status", ben["id"]),
    ]
    assert [one["sentence"] for one in done["not_applied"]] == [
        "The payout is paid, so it cannot become failed.",
        "The line has 19.99 USD, but the payout is 20.00 USD.",
        "The line has 20.00 EUR, but the payout is 20.00 USD.",
        'The status "perhaps" is not known; use paid or failed.',
    ]
    assert till.sees(ben["id"])["status"] == "sent"


def test_first_of_two_lines_about_a_payout_decides(till: Till) -> None:
    run = sent_run(till)
    reference = payout_of(run, till, "ada")["reference"]
    done = imported(till, run, f"reference,status\n{reference},failed\n{reference},paid\n{reference},failed\n")
    assert counts(done) == {"confirmed": 0, "failed": 1, "unchanged": 1, "waiting": 0}
    assert [one["reason"] for one in done["not_applied"]] == ["status_refused"]
    assert till.sees(payout_of(run, till, "ada")["id"])["failure_reason"] == "failed"


def test_payout_of_another_run_is_not_touched(till: Till) -> None:
    run = sent_run(till)
    other = sent_run(till)
    done = imported(till, run, f"reference,status\n{payout_of(other, till, 'ada')['reference']},paid\n")
    assert [one["reason"] for one in done["not_applied"]] == ["unknown_reference"]
    assert payout_of(till.sees_run(other["id"]), till, "ada")["status"] == "sent"


def test_results_are_imported_while_payouts_are_switched_off(till: Till) -> None:
    run = sent_run(till)
    sealing.connect(sealing.of_process().model_copy(update={"payouts_live": False}))
    reference = payout_of(run, till, "ada")["reference"]
    assert imported(till, run, f"reference,status\n{reference},paid\n")["confirmed"] == 1


def test_first_download_is_refused_while_payouts_are_switched_off(till: Till) -> None:
    till.owes("ada")
    run = till.runs()
    path = f"/api/v1/payout-runs/{run['id']}/files/{run['files'][0]['id']}"
    switched_on = sealing.of_process()
    sealing.connect(switched_on.model_copy(update={"payouts_live": False}))
    refused = till.caller.get(path)
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "payouts_disabled")
    assert till.sees(run["payouts"][0]["id"])["status"] == "pending"
    sealing.connect(switched_on)
    assert till.caller.get(path).status_code == 200
    sealing.connect(switched_on.model_copy(update={"payouts_live": False}))
    assert till.caller.get(path).status_code == 200


def test_file_that_cannot_be_read_is_refused(till: Till) -> None:
    run = sent_run(till)
    refused = upload(till, run, "name,amount\nAda,5\n")
    assert (refused.status_code, refused.json["error"]["code"]) == (400, "results_unreadable")


def test_results_must_be_a_form_with_a_file(till: Till) -> None:
    run = sent_run(till)
    path = f"/api/v1/payout-runs/{run['id']}/results"
    as_json = till.caller.call("POST", path, json={"file": "x"})
    assert (as_json.status_code, as_json.json["error"]["code"]) == (415, "unsupported_media_type")
    assert "form" in as_json.json["error"]["message"]
    as_text = till.caller.call("POST", path, data={"file": "x"}, content_type="multipart/form-data")
    assert (as_text.status_code, as_text.json["error"]["param"]) == (400, "file")
    without = till.caller.call("POST", path, data={}, content_type="multipart/form-data")
    assert (without.status_code, without.json["error"]["param"]) == (400, "file")


def test_repeated_request_with_one_key_imports_once(till: Till) -> None:
    run = sent_run(till)
    text = f"reference,status\n{payout_of(run, till, 'ada')['reference']},paid\n"
    first = upload(till, run, text, **{"Idempotency-Key": "one"})
    second = upload(till, run, text, **{"Idempotency-Key": "one"})
    assert (first.json["confirmed"], second.json["confirmed"]) == (1, 1)
    assert second.headers["Idempotent-Replayed"] == "true"
