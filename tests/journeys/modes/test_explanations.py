"""What is explained names the mode, and keeps what is of one mode apart from the other."""

from typing import Any

import pytest

from app import ids
from tests.cast import Merchant
from tests.journeys.conftest import Explained
from tests.stripe_stories.facts import Purchase

from .conftest import KeyOf


def heads_of(explanation: dict[str, Any]) -> list[str]:
    """The lines that name a mode before anything else."""
    return [line for line in explanation["sentences"] if line.startswith(("Test mode: ", "Live mode: "))]


def test_an_explanation_of_a_partner_keeps_the_modes_apart(
    sold: dict[bool, list[Purchase]], merchant: Merchant, explained: Explained
) -> None:
    explanation = explained(ids.encode(ids.PARTNER, merchant.partners["ada"]))
    of_invoice = explained(sold[False][0].invoice)
    earned = [(one["livemode"], one["accrued_minor"]) for one in explanation["partner"]["earned"]]
    assert earned == [(True, 800), (False, 980)]
    assert any("1 commission in USD in test mode" in line for line in explanation["sentences"])
    assert sorted(stored["livemode"] for stored in of_invoice["objects"]) == [False, True]


def test_an_id_that_is_known_in_both_modes_is_explained_under_each(
    sale_of: dict[bool, Purchase], explained: Explained
) -> None:
    invoice = explained(sale_of[True].invoice)
    customer = explained(sale_of[True].events[0]["data"]["object"]["customer"])
    worths = ["Test mode: ada has 9.80 USD accrued on it.", "Live mode: ada has 6.00 USD accrued on it."]
    assert heads_of(invoice) == worths
    assert invoice["summary"] == " ".join(worths)
    assert [head[:10] for head in heads_of(customer)] == ["Test mode:", "Live mode:"]
    assert customer["summary"] == " ".join(heads_of(customer))


def test_a_report_of_one_external_id_in_both_modes_is_explained_under_each(
    merchant: Merchant, key_of: KeyOf, explained: Explained
) -> None:
    partner_id = ids.encode("aff", merchant.partners["ada"])
    for livemode, amount_cents in ((False, 5000), (True, 2000)):
        report = {"affiliate_id": partner_id, "amount_cents": amount_cents, "external_id": "order-1"}
        assert key_of(livemode).post("/api/v1/conversions", report).status_code == 201
    explanation = explained("manual:order-1")
    assert (
        explanation["summary"]
        == "Live mode: ada has 4.00 USD accrued on it. Test mode: ada has 10.00 USD accrued on it."
    )


@pytest.mark.usefixtures("sale_of")
def test_a_partners_customers_are_counted_in_each_mode(merchant: Merchant, explained: Explained) -> None:
    explanation = explained(ids.encode(ids.PARTNER, merchant.partners["ada"]))
    assert explanation["partner"]["bound"] == [{"livemode": True, "customers": 1}, {"livemode": False, "customers": 1}]
    assert "1 customer is credited to it now." in explanation["sentences"]
    assert "1 customer is credited to it now in test mode." in explanation["sentences"]
