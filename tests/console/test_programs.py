"""The forms of programs: a program is created and changed as over REST, after its effect was shown."""

from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.organizations.models import AuditEntry
from tests.api.isolation.world import World

from .conftest import Reader, ReaderOf
from .test_forms import send
from .test_pages import words_of

NEW = {
    "name": "Friends",
    "currency": "usd",
    "landing_url": "https://shop.example.com/",
    "status": "active",
    "type": "tiered",
    "rate": "12.5",
    "tiers": "10 20\r\n50: 30 %",
    "product_rates": "prod_A 50\r\nprod_B none",
    "multi_level": "5\r\n2,5",
    "multi_level_enabled": "true",
    "max_months": "12",
    "holdback_days": "30",
    "commission_base": "gross",
    "minimum_payouts": "usd 50.00\r\njpy 5000",
    "platform_fee": "2.5",
    "landing_hosts": "blog.example.com\r\n",
}
SAME: dict[str, Any] = {
    "name": "Friends",
    "currency": "usd",
    "landing_url": "https://shop.example.com/",
    "status": "active",
    "commission": {
        "type": "tiered",
        "bps": 1250,
        "tiers": [{"min_conversions": 10, "bps": 2000}, {"min_conversions": 50, "bps": 3000}],
        "product_rates": [{"product": "prod_A", "bps": 5000}, {"product": "prod_B", "excluded": True}],
        "max_months": 12,
    },
    "multi_level": [{"level": 1, "bps": 500}, {"level": 2, "bps": 250}],
    "multi_level_enabled": True,
    "holdback_days": 30,
    "commission_base": "gross",
    "minimum_payouts": {"usd": 5000, "jpy": 5000},
    "platform_fee_bps": 250,
    "landing_hosts": ["blog.example.com"],
}
PATH = "/v1/admin/affiliate/programs"


def newest_entry(action: str) -> AuditEntry:
    with db.transaction() as session:
        entries = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
        found: AuditEntry = session.scalars(entries.limit(1)).one()
        return found


def confirm(reader: Reader, page: str, **fields: str) -> tuple[int, str]:
    """Send the form of a page that was shown in answer to another form."""
    answer = reader.browser.send(page, page, **fields)
    return answer.status_code, reader.get(answer.headers["Location"]).text


def test_a_program_is_checked_by_an_example_and_created_as_over_rest(world: World, reader_of: ReaderOf) -> None:
    owner, rest = reader_of("owner"), world.callers["owner"]
    before = rest.get(PATH).json["data"]
    status, checked = send(owner, "/console/programs/new", "/console/programs/check", **NEW)
    words = unescape(words_of(checked))
    assert status == 200
    for sentence in (
        "A customer pays 120.00 USD, of which 20.00 USD is tax. The partner earns 15.00 USD: 12.5 % of 120.00 USD",
        "From 50 approved conversions on, the partner earns 36.00 USD on the same payment.",
        "If the payment is for the product prod_A, the partner earns 60.00 USD.",
        "If the payment is for the product prod_B, the partner earns 0.00 USD.",
        "The partner of level 2 above it earns 3.00 USD on the same payment.",
        "The partner earns for 12 months from the customer's first payment.",
        "Each commission is approved 30 days after its payment, unless a dispute is open.",
    ):
        assert sentence in words
    assert rest.get(PATH).json["data"] == before
    first = owner.browser.send("/console/programs/new", "/console/programs", **NEW, form_id="one")
    assert first.status_code == 303
    again = owner.browser.send("/console/programs/new", "/console/programs", **NEW, form_id="one")
    assert again.headers["Location"] == first.headers["Location"]
    page = owner.get(first.headers["Location"]).text
    assert "What it asks for was done once." in page
    made, *others = rest.get(PATH).json["data"]
    assert others == before
    by_console = newest_entry("program.created")
    by_rest = rest.post(PATH, SAME).json
    differs = {"id", "created_at"}
    assert {name: made[name] for name in made.keys() - differs} == {
        name: by_rest[name] for name in by_rest.keys() - differs
    }
    assert by_console.details == newest_entry("program.created").details
    assert (by_console.subject_id, by_console.actor.partition("_")[0]) == (made["id"], "usr")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"rate": ""}, "commission.bps"),
        ({"rate": "12.345"}, "rate must"),
        ({"tiers": "ten 20"}, "tiers has the line 'ten 20'; write lines such as 10 25"),
        ({"currency": "dollar"}, "currency 'dollar' is not a known currency"),
        ({"type": "flat", "amount": "free"}, "amount 'free' is not an amount of USD, such as 50.00"),
        ({"minimum_payouts": "50"}, "minimum_payouts has the line '50'"),
        ({"landing_url": "shop"}, "landing_url 'shop' is not valid"),
    ],
)
def test_a_refused_program_keeps_its_fields(
    world: World, reader_of: ReaderOf, wrong: dict[str, str], sentence: str
) -> None:
    owner, before = reader_of("owner"), world.callers["owner"].get(PATH).json["data"]
    for form in ("/console/programs/check", "/console/programs"):
        answer = owner.browser.send("/console/programs/new", form, **{**NEW, **wrong})
        assert (answer.status_code, 'value="Friends"' in answer.text) == (400, True)
        assert sentence in unescape(answer.text)
    assert world.callers["owner"].get(PATH).json["data"] == before


def test_settings_are_changed_and_what_is_not_sent_in_the_form_stays(world: World, reader_of: ReaderOf) -> None:
    owner, rest, program_id = reader_of("owner"), world.callers["owner"], world.ids["program_id"]
    before = rest.get(f"{PATH}/{program_id}").json
    page = f"/console/programs/{program_id}/settings"
    shown = owner.get(page).text
    assert f'name="name" value="{before["name"]}"' in shown
    kept = {"name": before["name"], "currency": before["currency"], "landing_url": before["landing_url"] or ""}
    kept |= {"is_default": "true"} if before["is_default"] else {}
    status, text = send(owner, page, page, **kept, open_signup="true", attribution_window_days="60")
    assert (status, "The program was changed." in text) == (303, True)
    after = rest.get(f"{PATH}/{program_id}").json
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"open_signup", "attribution_window_days"}
    assert newest_entry("program.updated").details["changed"] == ["attribution_window_days", "open_signup"]
    status, text = send(owner, page, page, **{**kept, "currency": "eur"})
    assert (status, "the currency stays usd" in text) == (409, True)
    assert 'name="currency" value="eur"' in text


def test_status_is_changed_after_the_number_of_partners_was_shown(world: World, reader_of: ReaderOf) -> None:
    owner, rest, program_id = reader_of("owner"), world.callers["owner"], world.ids["program_id"]
    page = f"/console/programs/{program_id}/status"
    kept = [one for one in rest.get(f"{PATH}/{program_id}/affiliates").json["data"] if one["commission"]]
    assert f"Its {len(kept)} partners with terms earn nothing on payments from then on." in owner.get(page).text
    assert send(owner, page, page, status="paused")[0] == 303
    assert rest.get(f"{PATH}/{program_id}").json["status"] == "paused"
    status, text = send(owner, page, page, status="draft")
    assert (status, "a program that is paused can become active or archived" in text) == (409, True)


def test_new_terms_say_who_keeps_which_before_they_are_saved(world: World, reader_of: ReaderOf) -> None:
    owner, rest, program_id = reader_of("owner"), world.callers["owner"], world.ids["program_id"]
    page, shown = f"/console/programs/{program_id}/terms", f"{PATH}/{program_id}"
    version, snapshot = rest.get(shown).json["terms_version"], f"/api/v1/partners/{world.ids['partner_id']}"
    former = rest.get(f"{snapshot}/commission-snapshot").json
    others = [one["id"] for one in rest.get(f"{shown}/affiliates").json["data"] if one["commission"]]
    terms = {"type": "percentage", "rate": "35", "holdback_days": "10", "commission_base": "net"}
    status, checked = send(owner, page, f"{page}/check", **terms)
    words = unescape(words_of(checked))
    assert (status, "0 existing partners get them." in words) == (200, True)
    assert f"Partners that are approved from now on get version {version + 1}." in words
    assert "The partner earns 35.00 USD: 35 % of 100.00 USD" in words
    assert rest.get(shown).json["terms_version"] == version
    assert confirm(owner, page, **terms, existing="keep")[0] == 303
    assert rest.get(shown).json["commission"] == {"type": "percentage", "bps": 3500}
    assert rest.get(f"{snapshot}/commission-snapshot").json["commission"] == former["commission"]
    assert newest_entry("program.updated").details["changed"] == ["commission", "holdback_days"]
    _, checked = send(owner, page, f"{page}/check", **terms, existing="new_customers")
    words = unescape(words_of(checked))
    assert f"The terms are those of version {version + 1}, so no version is added." in words
    moves = int(words.partition(" existing partner")[0].rpartition(" ")[2])
    assert 0 < moves <= len(others)
    status, text = confirm(owner, page, **terms, existing="new_customers", form_id="two")
    assert (status, f"{moves} existing partners got it" in text) == (303, True)
    after = rest.get(f"{snapshot}/commission-snapshot").json
    assert (after["commission"], after["appliesTo"], after["isOverride"]) == (
        {"type": "percentage", "bps": 3500},
        "new_customers",
        False,
    )
    entry = newest_entry("partner.terms_amended").details
    rest.call("PUT", f"{snapshot}/commission-snapshot", json={"commission": None, "applyTo": "new_customers"})
    by_rest = newest_entry("partner.terms_amended").details
    assert {**entry, "effective_from": ""} == {**by_rest, "effective_from": ""}
    _, checked = send(owner, page, f"{page}/check", **terms, existing="all_customers")
    assert "0 existing partners get them." in unescape(words_of(checked))
