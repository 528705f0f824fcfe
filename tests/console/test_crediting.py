"""Whom a payment is credited to is changed on its page, after the effect on every partner was shown."""

import re
from html import unescape
from typing import Any

from tests.api.isolation.world import World

from .conftest import ReaderOf
from .test_forms import send
from .test_pages import shown, words_of
from .test_programs import confirm, newest_entry


def explained(world: World, payment_id: str) -> dict[str, Any]:
    return dict(world.callers["owner"].get(f"/api/v1/payments/{payment_id}/explanation").json)


def test_a_payment_is_credited_to_another_partner_after_its_effect_was_shown(world: World, reader_of: ReaderOf) -> None:
    owner, payment_id = reader_of("owner"), world.ids["payment_id"]
    page = f"/console/payments/{payment_id}/credit"
    assert page in owner.get(f"/console/payments/{payment_id}").text
    before = explained(world, payment_id)
    [commission] = before["commissions"]
    asked = {"to": "partner", "partner": "ben", "extent": "payment", "reason": "Ben made the sale."}
    status, text = send(owner, page, f"{page}/check", **{**asked, "partner": "unknown"})
    assert (status, "no partner has the id, code or e-mail address" in text) == (404, True)
    assert 'value="Ben made the sale."' in text
    status, text = send(owner, page, f"{page}/check", **asked)
    rows = [unescape(words_of(row)).strip() for row in re.findall(r"<tbody>.*?</tbody>", text, re.DOTALL)]
    worth, nothing = (shown(minor, commission["currency"]) for minor in (commission["net_minor"], 0))
    assert (status, rows) == (200, [f"{commission['partner_code']} {worth} {nothing} ben {nothing} {worth}"])
    assert "1 payment moves." in text
    rest, ben = world.callers["owner"], world.callers["owner"].get("/api/v1/partners", search="ben").json["data"][0]
    decision = {"partner_id": ben["id"], "reason": "Ben made the sale."}
    previewed = rest.post(f"/api/v1/payments/{payment_id}/attribution/preview", decision).json
    assert (previewed["moved"], previewed["conflicts"]) == (1, 0)
    assert [(one["partner_code"], one["before_cents"], one["after_cents"]) for one in previewed["changes"]] == [
        (commission["partner_code"], commission["net_minor"], 0),
        ("ben", 0, commission["net_minor"]),
    ]
    customer = before["payment"]["customer"]
    everything = rest.post(f"/api/v1/customers/{customer}/attribution/preview", {**decision, "all_unpaid": True}).json
    assert everything["moved"] >= 1
    assert explained(world, payment_id) == before
    status, text = confirm(owner, page, **asked)
    assert (status, "Payments that moved: 1" in text) == (303, True)
    after = explained(world, payment_id)
    assert (after["attribution"]["partner_code"], after["attribution"]["decided_because"]) == ("ben", asked["reason"])
    entry = newest_entry("payment.attributed")
    assert (entry.subject_id, entry.details["include_paid"]) == (payment_id, False)
    entries = len(after["commissions"][0]["entries"])
    assert confirm(owner, page, **asked)[0] == 303
    assert len(explained(world, payment_id)["commissions"][0]["entries"]) == entries
    assert newest_entry("payment.attributed").id == entry.id


def test_everything_a_customer_pays_is_credited_to_a_partner_or_to_none(world: World, reader_of: ReaderOf) -> None:
    owner, payment_id = reader_of("owner"), world.ids["payment_id"]
    page = f"/console/payments/{payment_id}/credit"
    asked = {"to": "none", "extent": "customer", "reason": "A mistake."}
    status, text = send(owner, page, f"{page}/check", **asked)
    assert (status, "All future payments of the customer follow the decision." in text) == (200, True)
    assert confirm(owner, page, **asked)[0] == 303
    assert explained(world, payment_id)["commissions"][0]["net_minor"] == 0
    assert newest_entry("customer.attributed").details == {"partner_id": None, "include_paid": False}
    for wrong, sentence in (
        ({"to": "partner"}, "partner is required"),
        ({"extent": "since"}, "since is required"),
        ({"reason": ""}, "reason is required"),
    ):
        status, text = send(owner, page, f"{page}/check", **{**asked, **wrong})
        assert (status, sentence in text) == (400, True)
