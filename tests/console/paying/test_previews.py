"""The preview of a run and the form that starts it: what is shown is what is paid, once."""

from tests.cast import Merchant
from tests.payouts.till import Till
from worker.payouts import reserving

from .conftest import PREVIEW, Cashier, CashierOf


def test_preview_shows_totals_by_method_and_why_others_are_skipped(till: Till, cashier: Cashier) -> None:
    till.owes("ada", 4900)
    till.owes("ben", 10_000, currency="eur")
    till.pays_to("ben", method="payoneer")
    till.approves(till.sells("dan").conversion_id)
    page = cashier.sees(PREVIEW)
    assert "PayPal 1 9.80 USD 0.00 USD 9.80 USD" in page
    assert "Payoneer 1 20.00 EUR 0.00 EUR 20.00 EUR" in page
    assert "Start the run with 2 payouts" in page
    assert "a…@wallet.example" in page
    assert "dan 9.80 USD The partner has not chosen" in page.partition("Skipped, with the reason")[2]
    only = cashier.sees(f"{PREVIEW}?methods=payoneer&methods=wise")
    assert "Start the run with 1 payout" in only
    assert "PayPal 1" not in only
    assert "A run would pay nothing now" in cashier.sees(f"{PREVIEW}?partners=ada,+ben&currencies=gbp")
    refused = cashier.sees(f"{PREVIEW}?partners=eve", 404)
    assert 'no partner has the id, code or e-mail address "eve"' in refused
    assert "must not be in the future" in cashier.sees(f"{PREVIEW}?approved_until=2190-01-01", 400)


def test_run_pays_what_the_preview_showed_and_a_repeated_form_leads_to_it(till: Till, cashier: Cashier) -> None:
    till.owes("ada", 4900)
    till.owes("ben", 10_000)
    page = f"{PREVIEW}?partners=ada"
    token = cashier.token(page)
    status, address = cashier.sends(page, preview_token=token)
    assert status == 303
    assert "The run has started" in cashier.sees(address)
    assert cashier.sends(page, preview_token=token) == (303, address)
    reserving.work_slice(60)
    assert cashier.sends(page, preview_token=token) == (303, address)
    assert "This preview has already started this run." in cashier.sees(address)
    run = till.sees_run(address.rpartition("/")[2])
    assert [each["partner_id"] for each in run["payouts"]] == [till.partner("ada")]
    assert len(till.caller.get(f"{till.program}/payouts").json["data"]) == 1


def test_changed_preview_is_refused_with_a_sentence_and_shown_anew(till: Till, cashier: Cashier) -> None:
    till.owes("ada", 4900)
    token = cashier.token()
    till.pays_to("ada", "another@wallet.example")
    status, page = cashier.sends(PREVIEW, preview_token=token)
    assert status == 409
    assert "what would be paid is not what the preview showed; make a new preview and look at it" in page
    assert "Start the run with 1 payout" in page
    assert cashier.sends(PREVIEW, preview_token="invented")[0] == 400
    assert cashier.sends(PREVIEW)[0] == 400
    assert cashier.sends(f"{PREVIEW}?partners=ada", preview_token=cashier.token())[0] == 409
    assert till.caller.get(f"{till.program}/payouts").json["data"] == []


def test_run_is_started_only_by_those_who_may(
    till: Till, cashier: Cashier, cashier_of: CashierOf, merchant: Merchant, stranger: Cashier
) -> None:
    till.owes("ada", 4900)
    token, program = cashier.token(), till.program.rpartition("/")[2]
    viewer = cashier_of(merchant, "viewer")
    assert viewer.sees(PREVIEW, 403)
    assert "Preview a payout run" not in viewer.sees("/console/payouts")
    assert viewer.sends("/console", PREVIEW, preview_token=token)[0] == 403
    assert stranger.sees(f"{PREVIEW}?program={program}", 404)
    assert stranger.sends("/console", f"{PREVIEW}?program={program}", preview_token=token)[0] == 404
    assert stranger.sends("/console", PREVIEW, preview_token=token)[0] == 409
    assert till.caller.get(f"{till.program}/payouts").json["data"] == []
