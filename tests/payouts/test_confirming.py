"""Confirming a whole run: what was sent by a file is paid, and nothing else."""

from datetime import UTC, datetime, timedelta

from tests.api.conftest import Answer
from tests.conftest import assert_ledger_sound

from .till import Body, Till, payout_of, set_payout


def confirm(till: Till, run: Body, **body: str) -> Answer:
    return till.caller.post(f"/api/v1/payout-runs/{run['id']}/confirm", body)


def test_run_is_confirmed_for_what_its_downloaded_files_have_and_for_nothing_else(till: Till) -> None:
    for code, base_minor in (("ada", 4900), ("ben", 4900), ("dan", 10_000)):
        till.owes(code, base_minor)
    till.pays_to("dan", method="payoneer")
    run = till.runs()
    refused = confirm(till, run)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "status_refused")
    [file] = [one for one in run["files"] if one["method"] == "paypal"]
    assert till.caller.get(f"/api/v1/payout-runs/{run['id']}/files/{file['id']}").status_code == 200
    ada, ben, dan = (payout_of(run, till, code)["id"] for code in ("ada", "ben", "dan"))
    till.did(ben, "fail", reason="account closed")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert confirm(till, run, paid_at=tomorrow.isoformat()).json["error"]["param"] == "paid_at"

    paid_at = datetime.fromisoformat(till.sees(ada)["created_at"]) + timedelta(milliseconds=1)
    shown = confirm(till, run, paid_at=paid_at.isoformat()).json["data"]
    assert [payout_of(shown, till, code)["status"] for code in ("ada", "ben", "dan")] == ["paid", "failed", "pending"]
    assert datetime.fromisoformat(till.sees(ada)["paid_at"]) == paid_at
    assert (till.holds("ada")[1:4], till.holds("dan")[1:4]) == ((0, 0, 980), (0, 2000, 0))
    assert shown["status"] == "open"
    [entry] = till.caller.get("/api/v1/audit", subject_id=run["id"], action="payout_run.paid").json["data"]
    assert entry["details"] == {"payouts": 1}
    assert confirm(till, run).status_code == 409
    set_payout(dan, "processing")
    assert confirm(till, run).status_code == 409
    assert_ledger_sound()
