"""A partner's application, enrollment, customers and earnings outside Stripe, each as over REST."""

import re
from html import unescape

from app import db
from tests.api.isolation.world import World
from tests.cast import enroll

from .conftest import ReaderOf
from .test_forms import send
from .test_pages import shown, words_of
from .test_programs import newest_entry


def test_an_application_is_rejected_with_its_reason(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    made = rest.post("/api/v1/partners", {"email": "ida@example.com", "slug": "ida"}).json
    page, api = f"/console/partners/{made['id']}", f"/api/v1/partners/{made['id']}"
    status, text = send(owner, page, f"{page}/reject")
    assert (status, "reason is required" in text, rest.get(api).json["status"]) == (400, True, "invited")
    status, text = send(owner, page, f"{page}/reject", reason="No audience.")
    assert (status, "The application was rejected." in text) == (303, True)
    assert newest_entry("partner.deactivated").subject_id == made["id"]
    assert newest_entry("partner.deactivated").details == {}
    assert rest.get(f"{api}/application").json["rejection_reason"] == "No audience."
    assert "No audience." in owner.get(page).text
    refused = owner.browser.send(page, f"{page}/reject", reason="No audience.")
    assert (refused.status_code, "its application was decided before" in refused.text) == (409, True)
    assert f'action="{page}/reject"' not in owner.get(page).text


def test_an_enrollment_is_ended_as_over_rest(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    with db.transaction() as session:
        enroll(session, world.shop, "kim")
    [kim] = rest.get("/api/v1/partners", search="kim").json["data"]
    page = f"/console/partners/{kim['id']}"
    assert send(owner, page, f"{page}/end")[0] == 303
    assert rest.get(f"/api/v1/partners/{kim['id']}").json["status"] == "deactivated"


def test_customers_of_a_partner_are_those_credited_to_it_now(world: World, reader_of: ReaderOf) -> None:
    owner, rest, partner_id = reader_of("owner"), world.callers["owner"], world.ids["partner_id"]
    page = f"/console/partners/{partner_id}/customers"
    assert page in owner.get(f"/console/partners/{partner_id}").text
    [customer] = re.findall(r"\bcus_\w+", owner.get(page).text)
    decision = {"partner_id": None, "reason": "A mistake.", "all_unpaid": True}
    assert rest.post(f"/api/v1/customers/{customer}/attribution", decision).status_code == 200
    assert customer not in owner.get(page).text
    assert "No customer is credited to this partner yet." in owner.get(page).text
    assert page not in owner.get(f"/console/partners/{partner_id}").text


def test_a_sale_outside_stripe_is_reported_after_its_effect_was_shown(world: World, reader_of: ReaderOf) -> None:
    owner, rest, partner_id = reader_of("owner"), world.callers["owner"], world.ids["partner_id"]
    page, form = f"/console/partners/{partner_id}/earnings", f"/console/partners/{partner_id}/conversions"
    asked = {"amount": "50.00", "currency": "usd", "external_id": "order-17"}
    status, text = send(owner, page, f"{form}/check", **{**asked, "amount": "fifty"})
    assert (status, 'value="order-17"' in text) == (400, True)
    assert "amount 'fifty' is not an amount of USD, such as 50.00" in unescape(text)
    before = rest.get("/api/v1/conversions").json["data"]
    status, text = send(owner, page, f"{form}/check", **asked)
    assert (status, rest.get("/api/v1/conversions").json["data"]) == (200, before)
    first = owner.browser.send(page, form, **asked, form_id="one")
    assert first.status_code == 303
    assert owner.browser.send(page, form, **asked, form_id="one").headers["Location"] == first.headers["Location"]
    [made] = [one for one in rest.get("/api/v1/conversions").json["data"] if one not in before]
    assert f"The partner earns on it: {shown(made['commissionCents'], 'usd')}" in words_of(text)
    entry = newest_entry("conversion.reported")
    rest.post("/api/v1/conversions", {"affiliate_id": partner_id, "amount_cents": 5000, "external_id": "order-18"})
    assert entry.details == newest_entry("conversion.reported").details
    status, text = send(owner, page, f"{form}/check", **asked)
    assert (status, "was reported before" in text) == (409, True)


def test_a_balance_of_another_system_is_recorded_once(world: World, reader_of: ReaderOf) -> None:
    owner, rest, partner_id = reader_of("owner"), world.callers["owner"], world.ids["partner_id"]
    page, form = f"/console/partners/{partner_id}/earnings", f"/console/partners/{partner_id}/opening-balances"
    api = f"/api/v1/partners/{partner_id}/opening-balances"
    before = rest.get(api).json["data"]
    asked = {"amount": "12.34", "currency": "usd", "source": "tolt", "source_id": "ada", "occurred_on": "2026-01-31"}
    for _ in range(2):
        assert send(owner, page, form, **asked)[0] == 303
    [made] = [one for one in rest.get(api).json["data"] if one not in before]
    assert (made["amount_cents"], made["occurred_at"]) == (1234, "2026-01-31T00:00:00.000Z")
    status, text = send(owner, page, form, **{**asked, "amount": "99"})
    assert (status, "a recorded balance never changes" in text) == (409, True)


def test_a_cutoff_counts_the_payments_that_it_concerns_before_it_is_set(world: World, reader_of: ReaderOf) -> None:
    owner, rest, program_id = reader_of("owner"), world.callers["owner"], world.ids["program_id"]
    page, api = f"/console/programs/{program_id}/cutoff", f"/v1/admin/affiliate/programs/{program_id}"
    conversions = len(rest.get("/api/v1/conversions").json["data"])
    status, text = send(owner, page, f"{page}/check", first_day="2000-01-01")
    assert (status, "No payment is concerned." in text) == (200, True)
    assert rest.post(f"{api}/cutoff/preview", {"cutoff_at": "2000-01-01T00:00:00Z"}).json["between"] == []
    status, text = send(owner, page, f"{page}/check", first_day="2100-01-01")
    previewed = rest.post(f"{api}/cutoff/preview", {"cutoff_at": "2100-01-01T00:00:00Z"})
    assert previewed.status_code == status
    if status == 409:
        assert "paid here, or put into a payout" in text
    else:
        assert f"USD {conversions} " in words_of(text)
        assert [(one["currency"], one["payments"]) for one in previewed.json["between"]] == [("usd", conversions)]
    assert rest.get(api).json["test_cutoff_at"] is None
    assert owner.browser.send(page, page, first_day="2001-02-03").status_code == 303
    assert rest.get(api).json["test_cutoff_at"] == "2001-02-03T00:00:00.000Z"
    assert rest.get(api).json["live_cutoff_at"] is None
    assert newest_entry("program.cutoff_set").details["cutoff_at"] == "2001-02-03T00:00:00.000Z"


def test_rules_of_referrals_are_set_as_over_rest(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    page = "/console/settings/referrals"
    assert send(owner, page, f"{page}/currencies", code="stars", max_balance="500")[0] == 303
    [stars] = [one for one in rest.get("/v1/admin/referrals/currencies").json["data"] if one["code"] == "stars"]
    assert stars["max_balance"] == 500
    assert send(owner, page, f"{page}/currencies/{stars['id']}", max_balance="")[0] == 303
    status, text = send(owner, page, f"{page}/templates", reward_referrer="moons 3", is_active="true")
    assert (status, "names the currency" in text, "moons 3</textarea>" in text) == (400, True, True)
    rules = {"reward_referrer": "stars 30", "reward_referee": "stars 10", "max_uses": "5"}
    assert send(owner, page, f"{page}/templates", **rules, is_active="true")[0] == 303
    every = rest.get("/v1/admin/referrals/codes", templates="true").json["data"]
    made = next(one for one in every if one["reward_referrer"] == {"stars": 30})
    assert (made["reward_referee"], made["max_uses"], made["is_active"]) == ({"stars": 10}, 5, True)
    assert send(owner, page, f"{page}/templates/{made['id']}", **rules)[0] == 303
    assert rest.get(f"/v1/admin/referrals/codes/{made['id']}").json["is_active"] is False
    assert newest_entry("referral_template.updated").details == {"changed": ["is_active"]}
