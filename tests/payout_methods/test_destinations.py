"""Destinations: what each method needs, what is refused when it is entered, and what is shown."""

from typing import Any

import pytest

from app.errors import InvalidRequest
from app.partners.payout_methods.destinations import kinds
from app.partners.payout_methods.destinations.fields import METHODS, Method

IBAN = "DE75512108001245126199"
OF_EACH: dict[Method, dict[str, str | None]] = {
    "paypal": {"email": "Zoe@Example.com"},
    "payoneer": {"email": "zoe@example.com", "country": "br"},
    "wise": {"account_holder": "Zoe Smith", "email": "zoe@example.com"},
    "bank_transfer": {"account_holder": "Zoe Smith", "iban": "de75 5121 0800 1245 1261 99", "town": "Berlin"},
    "crypto": {"network": "Bitcoin", "address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
    "external": {"reference": "supplier 4711-99"},
    "stripe": {},
}


def refusal(method: Method, **given: str | None) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        kinds.validate(method, given)
    return refused.value


def test_every_method_has_a_kind_of_destination() -> None:
    assert set(kinds.KINDS) == set(METHODS) == set(OF_EACH)


@pytest.mark.parametrize(
    ("method", "fields", "masked", "country"),
    [
        ("paypal", {"email": "zoe@example.com"}, {"email": "z…@example.com"}, None),
        ("payoneer", {"email": "zoe@example.com", "country": "BR"}, {"email": "z…@example.com"}, "BR"),
        (
            "wise",
            {"account_holder": "Zoe Smith", "email": "zoe@example.com"},
            {"email": "z…@example.com"},
            None,
        ),
        (
            "bank_transfer",
            {"account_holder": "Zoe Smith", "iban": IBAN, "town": "Berlin", "country": "DE"},
            {"iban": "DE…6199"},
            "DE",
        ),
        (
            "crypto",
            {"network": "bitcoin", "address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
            {"network": "bitcoin", "address": "bc1q…5mdq"},
            None,
        ),
        ("external", {"reference": "supplier 4711-99"}, {"reference": "…1-99"}, None),
        ("stripe", {}, {}, None),
    ],
)
def test_a_destination_is_normalized_and_shown_masked(
    method: Method, fields: dict[str, str], masked: dict[str, str], country: str | None
) -> None:
    destination = kinds.validate(method, OF_EACH[method])
    assert (destination.fields, destination.masked, destination.country) == (fields, masked, country)
    assert kinds.read(kinds.written(destination.fields)) == fields


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("paypal", "email"),
        ("payoneer", "email"),
        ("wise", "email"),
        ("bank_transfer", "iban"),
        ("bank_transfer", "town"),
        ("bank_transfer", "account_holder"),
        ("crypto", "network"),
        ("crypto", "address"),
    ],
)
def test_a_missing_field_is_named(method: Method, name: str) -> None:
    assert refusal(method, **{**OF_EACH[method], name: " "}).param == name


@pytest.mark.parametrize(
    ("method", "extra"),
    [("paypal", "iban"), ("crypto", "email"), ("stripe", "email"), ("external", "iban"), ("bank_transfer", "email")],
)
def test_a_field_of_another_method_is_refused(method: Method, extra: str) -> None:
    refused = refusal(method, **OF_EACH[method], **{extra: "zoe@example.com"})
    assert refused.param == extra
    assert f"is not a field of {method}" in refused.message


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff0d"])
@pytest.mark.parametrize(
    ("method", "name", "rest"),
    [
        ("bank_transfer", "account_holder", "cmd|' /C calc'!A0"),
        ("bank_transfer", "town", "SUM(A1)"),
        ("wise", "account_holder", "1+1"),
        ("paypal", "email", "zoe@example.com"),
        ("external", "reference", "HYPERLINK()"),
        ("crypto", "network", "bitcoin"),
    ],
)
def test_a_field_that_a_spreadsheet_takes_for_a_formula_is_refused(
    method: Method, name: str, rest: str, start: str
) -> None:
    refused = refusal(method, **{**OF_EACH[method], name: start + rest})
    assert refused.param == name


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x00", "\x7f", "\u2028", "\u202e"])
@pytest.mark.parametrize(("method", "name"), [("bank_transfer", "account_holder"), ("external", "reference")])
def test_a_control_character_is_refused(method: Method, name: str, character: str) -> None:
    refused = refusal(method, **{**OF_EACH[method], name: f"Zoe{character}Smith"})
    assert (refused.param, "control character" in refused.message) == (name, True)


@pytest.mark.parametrize(
    ("method", "name", "longest"),
    [("bank_transfer", "account_holder", 70), ("bank_transfer", "town", 35), ("external", "reference", 200)],
)
def test_a_field_is_as_long_as_the_files_take(method: Method, name: str, longest: int) -> None:
    kinds.validate(method, {**OF_EACH[method], name: "x" * longest})
    assert str(longest) in refusal(method, **{**OF_EACH[method], name: "x" * (longest + 1)}).message


def test_paypal_takes_an_address_of_at_most_127_characters() -> None:
    address = f"zoe@{'a' * 60}.{'b' * 58}.com"
    assert len(address) == 127
    kinds.validate("paypal", {"email": address})
    assert refusal("paypal", email=f"x{address}").param == "email"
    kinds.validate("payoneer", {"email": f"x{address}"})


@pytest.mark.parametrize(
    ("iban", "says"),
    [
        ("DE75512108001245126198", "check digits"),
        ("DE7551210800124512619", "length"),
        ("US75512108001245126199", "no country"),
        ("DE7551210800124512619X", "form of an IBAN"),
        ("something", "IBAN"),
    ],
)
def test_an_iban_is_checked_and_never_repeated(iban: str, says: str) -> None:
    refused = refusal("bank_transfer", **{**OF_EACH["bank_transfer"], "iban": iban})
    assert refused.param == "iban"
    assert says in refused.message
    assert iban not in refused.message


@pytest.mark.parametrize("bic", ["COBADEFF", "cobadeffxxx"])
def test_a_bic_is_normalized(bic: str) -> None:
    assert kinds.validate("bank_transfer", {**OF_EACH["bank_transfer"], "bic": bic}).fields["bic"] == bic.upper()


@pytest.mark.parametrize("bic", ["COBADE", "COBAZZFF", "COBADEFFXX", "12345678901"])
def test_a_wrong_bic_is_refused(bic: str) -> None:
    assert refusal("bank_transfer", **{**OF_EACH["bank_transfer"], "bic": bic}).param == "bic"


def test_the_holders_country_may_differ_from_the_banks() -> None:
    given = {**OF_EACH["bank_transfer"], "country": "es", "town": "Sevilla"}
    destination = kinds.validate("bank_transfer", given)
    assert (destination.fields["country"], destination.country) == ("ES", "DE")


@pytest.mark.parametrize("method", ["bank_transfer", "wise"])
def test_an_account_without_iban_is_taken_only_where_there_are_none(method: Method) -> None:
    given = {"account_holder": "Zoe Smith", "account_number": "000123456789", "country": "US"}
    town = {"town": "Boston"} if method == "bank_transfer" else {}
    destination = kinds.validate(method, {**given, **town})
    assert destination.country == "US"
    assert destination.masked == {"account_number": "…6789", "country": "US"}
    assert refusal(method, **{**given, **town, "country": "DE"}).param == "iban"
    assert refusal(method, **{**given, **town, "country": "Germany"}).param == "country"


@pytest.mark.parametrize(("receiver", "is_taken"), [("institution", True), ("person", True), ("shop", False)])
def test_wise_is_told_whether_the_receiver_is_an_institution(receiver: str, *, is_taken: bool) -> None:
    given = {**OF_EACH["wise"], "receiver_type": receiver}
    if is_taken:
        assert kinds.validate("wise", given).fields["receiver_type"] == receiver
    else:
        assert refusal("wise", **given).param == "receiver_type"


def test_wise_takes_one_kind_of_account() -> None:
    refused = refusal("wise", account_holder="Zoe Smith", email="zoe@example.com", iban=IBAN)
    assert "exactly one" in refused.message
    by_iban = kinds.validate("wise", {"account_holder": "Zoe Smith", "iban": IBAN, "bic": "COBADEFF"})
    assert (by_iban.masked, by_iban.country) == ({"iban": "DE…6199"}, "DE")


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("0x52908400098527886E0F7030069857D2E4169EE7", True),
        ("0x52908400098527886E0F7030069857D2E4169EE", False),
        ("T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", True),
        ("short", False),
        ("bc1q ar0srrr7xfkvy5l643lydnw9re59gtzz", False),
    ],
)
def test_a_crypto_address_has_the_form_of_one(address: str, is_taken: bool) -> None:
    given: dict[str, Any] = {"network": "some", "address": address}
    if is_taken:
        assert kinds.validate("crypto", given).fields["address"] == address
    else:
        assert refusal("crypto", **given).param == "address"


def test_short_text_is_not_shown_at_all() -> None:
    assert kinds.validate("external", {"reference": "4711"}).masked == {"reference": "…"}
