"""What a run leaves out, and the reason it says."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app import db, ids
from app.stripe_events.scope import Scope
from app.stripe_sync import runs as stripe_runs
from tests.cast import Merchant
from worker.payouts import reserving

from .till import Till, payout_of, skipped


def test_skipped_amounts_have_their_reason_and_a_sentence(till: Till) -> None:
    till.sets(minimum_payouts={"usd": 5000})
    till.owes("ada", 4900)
    sale = till.sells("ben", 50_000)
    till.approves(sale.conversion_id)
    till.owes("dan", 50_000)
    till.pays_to("dan", method="payoneer")
    till.caller.call("PATCH", f"/api/v1/partners/{till.partner('dan')}", json={"payout_email": None})
    run = till.runs()
    assert skipped(run) == {
        till.partner("ada"): "below_minimum",
        till.partner("ben"): "no_payout_method",
        till.partner("dan"): "destination_invalid",
    }
    [ada] = [row for row in run["skipped"] if row["partner_id"] == till.partner("ada")]
    assert (ada["payable_cents"], ada["minimum_cents"]) == (980, 5000)
    assert ada["sentence"] == "9.80 USD is below the minimum of 50.00 USD: 40.20 USD is missing."


def test_method_that_cannot_pay_the_currency_is_skipped_with_its_sentence(till: Till) -> None:
    till.owes("ada", 4900, currency="kwd")
    [row] = till.runs()["skipped"]
    assert row["reason"] == "method_unavailable"
    assert "KWD" in row["sentence"]


def test_debt_is_skipped_until_it_is_earned_back(till: Till) -> None:
    paid, _ = till.owes("ada", 4900, 5000)
    payout = payout_of(till.runs(), till, "ada")
    till.did(payout["id"], "confirm")
    till.refunds(paid, 4900)
    run = till.runs()
    assert skipped(run) == {till.partner("ada"): "not_positive"}
    assert run["skipped"][0]["payable_cents"] == -980
    assert "owes 9.80 USD" in run["skipped"][0]["sentence"]


def test_cutoff_leaves_out_later_credits_and_never_a_debt(till: Till) -> None:
    first, _ = till.owes("ada", 4900, 10_000)
    till.did(payout_of(till.runs(), till, "ada")["id"], "confirm")
    before = datetime.now(UTC).isoformat()
    till.refunds(first, 4900)
    till.owes("ada", 50_000)
    assert till.previews(cutoff_at=before)["skipped"][0]["payable_cents"] == -980
    assert till.previews()["payouts"][0]["gross_cents"] == 10_000 - 980


def test_cutoff_in_the_future_is_refused(till: Till) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = till.asks(cutoff_at=later)
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "cutoff_at")


def test_method_chosen_after_the_request_is_not_paid_by_if_the_run_was_not_asked_for_it(till: Till) -> None:
    till.owes("ada", 49_000)
    answer = till.asks(methods=["paypal"])
    till.pays_to("ada", method="payoneer")
    reserving.work_slice(60)
    run = till.sees_run(answer.json["data"]["id"])
    assert (run["payouts"], skipped(run)) == ([], {till.partner("ada"): "method_unavailable"})
    assert run["skipped"][0]["sentence"] == (
        "The partner has chosen Payoneer meanwhile, which the run was not asked for."
    )
    assert till.holds("ada")[1] == 9800


def test_what_another_run_reserved_meanwhile_is_skipped(till: Till) -> None:
    till.owes("ada")
    first = till.asks().json["data"]["id"]
    reserving.work_slice(60)
    run_id = ids.decode(till.asks().json["data"]["id"], ids.PAYOUT_RUN)
    with db.transaction() as session:  # planned in the instant before the first run reserved
        copied = text("""
            INSERT INTO payout_run_items (run_id, partner_id, currency, organization_id, livemode, state,
                commission_count, payable_minor, minimum_minor, gross_minor, fee_minor, net_minor, method, fingerprint)
            SELECT :run_id, partner_id, currency, organization_id, livemode, 'planned', 1, 980, 0, 980, 0, 980, method,
                fingerprint
            FROM payout_run_items WHERE run_id = :first
        """)
        session.execute(copied, {"run_id": run_id, "first": ids.decode(first, ids.PAYOUT_RUN)})
    reserving.work_slice(60)
    assert run_id is not None
    run = till.sees_run(ids.encode(ids.PAYOUT_RUN, run_id))
    assert (skipped(run), run["status"]) == ({till.partner("ada"): "in_payout"}, "completed")


def test_nothing_is_paid_while_a_backfill_runs_or_events_are_overdue(till: Till, merchant: Merchant) -> None:
    till.owes("ada")
    with db.transaction() as session:
        scope = Scope(merchant.organization_id, "", livemode=False)
        backfill = stripe_runs.request(session, scope, "backfill", {}, requested_by="tests")
    assert skipped(till.runs()) == {till.partner("ada"): "settling"}
    with db.transaction() as session:
        stripe_runs.stop(session, session.merge(backfill))
    assert till.runs()["skipped"] == []


def test_backfill_that_begins_after_the_request_stops_the_reserving(till: Till, merchant: Merchant) -> None:
    till.owes("ada")
    run_id = till.asks().json["data"]["id"]
    with db.transaction() as session:
        stripe_runs.request(
            session, Scope(merchant.organization_id, "", livemode=False), "backfill", {}, requested_by="tests"
        )
    reserving.work_slice(60)
    assert skipped(till.sees_run(run_id)) == {till.partner("ada"): "settling"}
    assert till.holds("ada")[1:3] == (980, 0)
