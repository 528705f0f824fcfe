"""What is known about the methods of payout, and the sentences of refusals."""

from dataclasses import replace

import pytest

from app import currencies
from app.partners.payout_methods.destinations.fields import METHODS
from app.payouts import methods
from app.payouts.methods import TABLE, MethodName, Payer
from app.sentences import payouts

READY = Payer(has_debtor=True, has_source_currency=True, has_listener=True, has_stripe_key=True)


def sentence(
    method: MethodName, country: str | None, currency: str, net_minor: int | None = 10_000, payer: Payer = READY
) -> str | None:
    """The refusal as people read it; None if the method can pay."""
    found = methods.refusal(method, country, currency, net_minor, payer)
    return None if found is None else payouts.refusal(found.details)


def test_every_method_has_its_facts() -> None:
    assert TABLE.keys() == set(METHODS)
    for name, method in TABLE.items():
        assert method.facts or name in {"crypto", "external"}
        for amounts in (method.steps, method.smallest, method.largest):
            assert amounts.keys() <= currencies.known()
        assert (method.currencies or set()) <= currencies.known()


@pytest.mark.parametrize("method", METHODS)
def test_methods_pay_where_nothing_speaks_against_it(method: MethodName) -> None:
    assert sentence(method, "DE", "eur") is None
    assert sentence(method, None, "usd") is None


@pytest.mark.parametrize(
    ("method", "country", "currency", "expected"),
    [
        ("paypal", "NG", "usd", "PayPal does not pay to Nigeria."),
        ("paypal", "DE", "kwd", "PayPal does not pay in KWD."),
        ("wise", "RU", "eur", "Wise does not pay to Russia."),
        ("bank_transfer", "IR", "eur", "Bank transfer does not pay to Iran."),
        ("payoneer", "DE", "pln", "Payoneer does not pay in PLN."),
        ("crypto", "KP", "usd", "Crypto does not pay to North Korea."),
    ],
)
def test_country_or_currency_out_of_reach_is_refused(
    method: MethodName, country: str, currency: str, expected: str
) -> None:
    assert sentence(method, country, currency) == expected


def test_bounds_of_an_amount_are_named_in_money() -> None:
    assert sentence("paypal", "US", "usd", 2_000_000) is None
    assert sentence("paypal", "US", "usd", 2_000_001) == "PayPal pays at most 20,000.00 USD at a time."
    assert sentence("payoneer", "IN", "usd", 1_999) == "Payoneer pays 20.00 USD or more at a time."
    assert sentence("payoneer", "IN", "usd", None) is None


def test_owner_must_have_set_up_what_the_method_needs() -> None:
    bare = replace(READY, has_debtor=False)
    assert "payout settings" in (sentence("bank_transfer", "DE", "eur", payer=bare) or "")
    assert sentence("bank_transfer", "US", "usd", payer=bare) is None
    assert "payout settings" in (sentence("wise", "DE", "eur", payer=replace(READY, has_source_currency=False)) or "")
    assert "payout.requested" in (sentence("external", "DE", "eur", payer=replace(READY, has_listener=False)) or "")


@pytest.mark.parametrize(
    ("method", "currency", "step"),
    [
        ("paypal", "huf", 100),
        ("paypal", "twd", 100),
        ("paypal", "jpy", 1),
        ("paypal", "usd", 1),
        ("stripe", "kwd", 10),
        ("stripe", "isk", 100),
        ("wise", "kwd", 1),
    ],
)
def test_amounts_end_where_the_method_can_carry_them(method: MethodName, currency: str, step: int) -> None:
    assert methods.step(method, currency) == step


@pytest.mark.parametrize(
    ("method", "currency", "country", "kind"),
    [
        ("paypal", "usd", None, "paypal"),
        ("bank_transfer", "eur", "DE", "sepa"),
        ("bank_transfer", "eur", "US", "bank_list"),
        ("bank_transfer", "gbp", "GB", "bank_list"),
        ("crypto", "usd", None, "bank_list"),
        ("stripe", "usd", "US", None),
        ("external", "usd", "US", None),
    ],
)
def test_each_method_leaves_in_its_own_file(method: MethodName, currency: str, country: str, kind: str | None) -> None:
    assert methods.file_kind(method, currency, country) == kind
