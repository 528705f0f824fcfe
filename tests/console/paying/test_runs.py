"""A run from its files to its end, all by forms: download, results, confirm, cancel."""

import csv
import io
import re

from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from tests.payouts.till import Body, Till, payout_of
from worker.payouts import reserving

from .conftest import PREVIEW, Cashier, CashierOf


def page_of(run: Body) -> str:
    return f"/console/payout-runs/{run['id']}"


def file_page(run: Body) -> str:
    """The page of the run's only file."""
    [file] = run["files"]
    return f"{page_of(run)}/files/{file['id']}"


def audited(till: Till, subject_id: str) -> list[tuple[str, bool]]:
    """Each action about something, the newest first, and whether a person did it."""
    trail = till.caller.get("/api/v1/audit", subject_id=subject_id).json["data"]
    return [(entry["action"], entry["actor"].startswith("usr_")) for entry in trail]


def test_merchant_pays_by_forms_alone_from_the_preview_to_the_result(till: Till, cashier: Cashier) -> None:
    till.owes("ada", 4900)
    till.owes("ben", 10_000)
    status, page = cashier.sends(PREVIEW, preview_token=cashier.token())
    assert status == 303
    assert "The payouts are being reserved" in cashier.sees(page)
    assert '<a href="/console/payouts" aria-current="page">' in cashier.browser.get(page).text
    reserving.work_slice(60)
    [path] = re.findall(rf'href="({page}/files/\w+)"', cashier.browser.get(page).text)
    file = cashier.browser.send(path)
    results = "reference,status,amount\n"
    for _, amount, _, reference, *_ in csv.reader(io.StringIO(file.text)):
        results += f"{reference},paid,{amount}\n"
    assert "Import a result file" in cashier.sees(page)
    assert "Confirmed as paid 2" in cashier.sends(f"{page}/results", text=results)[1]
    assert "Completed" in cashier.sees(page)
    assert (till.holds("ada")[1:4], till.holds("ben")[1:4]) == ((0, 0, 980), (0, 0, 2000))
    assert_ledger_sound()


def test_file_is_downloaded_by_its_form_with_the_bytes_and_marks_of_rest(till: Till, cashier: Cashier) -> None:
    till.owes("ada")
    run = till.runs()
    [file] = run["files"]
    assert file["name"] in cashier.sees(page_of(run))
    page = cashier.sees(file_page(run))
    assert "PayPal file" in page
    assert "text/csv" in page
    assert "The first download marks the payout as sent" in page
    assert payout_of(till.sees_run(run["id"]), till, "ada")["status"] == "pending"
    first, second = (cashier.browser.send(file_page(run)) for _ in range(2))
    assert (first.status_code, first.mimetype, second.data) == (200, "text/csv", first.data)
    assert f'filename="{file["name"]}"' in first.headers["Content-Disposition"]
    by_rest = till.caller.get(f"/api/v1/payout-runs/{run['id']}/files/{file['id']}")
    assert (by_rest.text, by_rest.headers["Repr-Digest"]) == (first.text, first.headers["Repr-Digest"])
    assert payout_of(till.sees_run(run["id"]), till, "ada")["status"] == "sent"
    assert "The file was downloaded before." in cashier.sees(file_page(run))
    downloads = audited(till, file["id"])
    assert downloads == [("payout_file.downloaded", False), *[("payout_file.downloaded", True)] * 2]


def test_results_are_pasted_or_uploaded_and_the_second_time_nothing_changes(till: Till, cashier: Cashier) -> None:
    for code in ("ada", "ben"):
        till.owes(code)
    run = till.runs()
    cashier.browser.send(file_page(run))
    ada, ben = payout_of(run, till, "ada"), payout_of(run, till, "ben")
    page = f"{page_of(run)}/results"
    status, refused = cashier.sends(page, text="what,ever\n1,2\n")
    assert (status, "the file has no columns for reference and status" in refused) == (400, True)
    assert "what,ever" in refused
    assert cashier.sends(page)[0] == 400
    lines = (
        "reference,status,amount,reason\n"
        f"{ada['reference']},paid,9.80,\n"
        f"{ben['reference']},failed,9.80,account closed\n"
        "INV-7,paid,1.00,\n"
        f"{ben['reference']},paid,7.77,\n"
    )
    status, done = cashier.sends(page, text=lines)
    assert status == 200
    assert "Confirmed as paid 1 Failed 1 Known already 0 Not ended yet 0 Changed nothing 2" in done
    assert "2 Confirmed as paid ada 9.80 USD" in done
    assert "3 Failed ben 9.80 USD" in done
    assert "The line has no reference of a payout in this run." in done
    assert "The line has 7.77, but the payout is 9.80 USD." in done
    after = [till.sees(one["id"]) for one in (ada, ben)]
    assert [one["status"] for one in after] == ["paid", "failed"]
    pages = [cashier.browser.get(f"/console/payouts/{one['id']}").text for one in after]
    assert ["The amount is payable again. Ask the partner" in one for one in pages] == [False, True]
    [token] = re.findall(r'name="csrf_token" value="(\w+)"', cashier.browser.get(page).text)[:1]
    upload = {"csrf_token": token, "file": (io.BytesIO(lines.encode()), "results.csv")}
    again = cashier.browser.client.post(page, data=upload, content_type="multipart/form-data")
    assert again.status_code == 200
    assert [till.sees(one["id"]) for one in (ada, ben)] == after
    assert [action for action, _ in audited(till, run["id"])][:2] == ["payout_run.results_imported"] * 2
    assert_ledger_sound()


def test_run_is_confirmed_for_what_was_sent_and_canceled_for_what_was_not(till: Till, cashier: Cashier) -> None:
    till.owes("ada")
    till.owes("ben", 10_000)
    till.pays_to("ben", method="payoneer")
    run = till.runs()
    page = page_of(run)
    assert "Confirm the run" not in cashier.sees(page)
    assert "Download the files and pay them first." in cashier.sees(f"{page}/confirm")
    assert cashier.sends(f"{page}/confirm")[0] == 409
    [paypal] = [file for file in run["files"] if file["method"] == "paypal"]
    cashier.browser.send(f"{page}/files/{paypal['id']}")
    assert "Confirm 1 payout as paid" in cashier.sees(f"{page}/confirm")
    status, refused = cashier.sends(f"{page}/confirm", paid_at="2100-01-01T10:00")
    assert (status, "paid_at must be between" in refused) == (400, True)
    assert cashier.sends(f"{page}/confirm") == (303, page)
    assert "1 payout is paid." in cashier.sees(page)
    asked = cashier.sees(f"{page}/cancel")
    assert "Cancel 1 payout" in asked
    assert "Payoneer" not in asked
    assert cashier.sends(f"{page}/cancel") == (303, page)
    states = [payout_of(till.sees_run(run["id"]), till, code)["status"] for code in ("ada", "ben")]
    assert states == ["paid", "canceled"]
    assert "there is nothing to cancel" in cashier.sees(f"{page}/cancel")
    assert cashier.sends(f"{page}/cancel")[0] in (400, 409)
    assert audited(till, run["id"])[:2] == [("payout_run.canceled", True), ("payout_run.paid", True)]
    assert_ledger_sound()


def test_run_is_confirmed_for_no_more_than_its_page_showed(till: Till, cashier: Cashier) -> None:
    """Another person downloads the second file in between, whose money has not been sent yet."""
    till.owes("ada")
    till.owes("ben", 10_000)
    till.pays_to("ben", method="payoneer")
    run = till.runs()
    page = page_of(run)
    first, second = (f"{page}/files/{file['id']}" for file in run["files"])
    cashier.browser.send(first)
    [shown] = re.findall(r'name="shown" value="(\d+)"', cashier.browser.get(f"{page}/confirm").text)
    cashier.browser.send(second)
    status, refused = cashier.sends(f"{page}/confirm", shown=shown)
    assert (status, "the page showed 1, and now it would be 2" in refused) == (409, True)
    assert "Confirm 2 payouts as paid" in refused
    states = [payout_of(till.sees_run(run["id"]), till, code)["status"] for code in ("ada", "ben")]
    assert states == ["sent", "sent"]
    assert cashier.sends(f"{page}/confirm", shown="2") == (303, page)
    assert_ledger_sound()


def test_forms_of_a_run_are_for_those_who_may(
    till: Till, cashier_of: CashierOf, merchant: Merchant, stranger: Cashier
) -> None:
    till.owes("ada")
    run = till.runs()
    viewer = cashier_of(merchant, "viewer")
    shown = viewer.browser.get(page_of(run)).text
    for path in (file_page(run), *(f"{page_of(run)}/{name}" for name in ("results", "confirm", "cancel"))):
        assert path not in shown
        assert viewer.sees(path, 403)
        assert viewer.sends("/console", path)[0] == 403
        assert stranger.sees(path, 404)
        assert stranger.sends("/console", path, text="reference,status\n")[0] == 404
    assert payout_of(till.sees_run(run["id"]), till, "ada")["status"] == "pending"
    assert till.sees_run(run["id"])["files"][0]["downloaded_at"] is None
