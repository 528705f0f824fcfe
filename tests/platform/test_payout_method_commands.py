"""`accrual payout-settings` and `accrual payout-methods`."""

import pytest

from app.errors import Conflict, InvalidRequest

from .conftest import Accrual
from .test_audited_commands import trail
from .test_program_commands import BOOTSTRAP

ADA = ("partners", "add", "--email", "ada@example.com", "--code", "ada")
ACCOUNT = (
    *("--name", "Acme GmbH", "--iban", "DE75512108001245126199", "--street", "Hauptstr. 1"),
    *("--postal-code", "10115", "--town", "Berlin", "--country", "DE"),
)
BANK = ("--method", "bank_transfer", "--account-holder", "Ada Lane", "--iban", "DE89370400440532013000")


def test_the_settings_are_set_and_shown_masked(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    missing = {one["method"]: one["reason"] for one in accrual("payout-settings", "show")["methods"]}
    assert missing["bank_transfer"] == "no_debtor"
    shown = accrual("payout-settings", "set", *ACCOUNT)
    assert shown["debtor"]["iban"] == "DE…6199"
    assert accrual("payout-settings", "set", "--wise-currency", "eur")["debtor"] == shown["debtor"]
    printed = accrual("payout-settings", "show", json_expected=False).stdout
    assert "Acme GmbH, DE…6199" in printed
    assert "DE75512108001245126199" not in printed
    with pytest.raises(InvalidRequest, match="nothing to set"):
        accrual("payout-settings", "set")
    with pytest.raises(InvalidRequest, match=r"^--street is required"):
        accrual("payout-settings", "set", "--iban", "DE75512108001245126199", "--name", "Acme")
    with pytest.raises(InvalidRequest, match=r"^--wise-currency "):
        accrual("payout-settings", "set", "--wise-currency", "euros")
    assert [action for _, action, _ in trail()].count("payout_settings.updated") == 2


def test_a_partners_method_is_set_and_shown_masked(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    accrual(*ADA, "--active")
    made = accrual("payout-methods", "set", "ada", *BANK, "--town", "Berlin")
    assert (made["method"], made["destination"], made["country"]) == ("bank_transfer", {"iban": "DE…3000"}, "DE")
    assert accrual("payout-methods", "show", "ada@example.com") == made
    printed = accrual("payout-methods", "show", "ada", json_expected=False).stdout
    assert "DE…3000" in printed
    assert "DE89370400440532013000" not in printed
    assert accrual("partners", "show", "ada")["payout_method"] == "bank_transfer"
    assert trail()[-1][2] == {"method": "bank_transfer"}


def test_what_is_refused_says_what_to_do(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    accrual(*ADA)
    with pytest.raises(InvalidRequest, match="method 'cash' is unknown; use one of paypal, wise"):
        accrual("payout-methods", "set", "ada", "--method", "cash")
    with pytest.raises(
        InvalidRequest, match=r"^--town is required for bank_transfer; it needs --account-holder, --iban, --town$"
    ):
        accrual("payout-methods", "set", "ada", *BANK)
    with pytest.raises(InvalidRequest, match=r"^--email must be one plain e-mail address"):
        accrual("payout-methods", "set", "ada", "--method", "paypal", "--email", "a@b@example.com")
    with pytest.raises(InvalidRequest, match=r"^--address must have at least 19"):
        accrual("payout-methods", "set", "ada", "--method", "crypto", "--network", "bitcoin", "--address", "1")
    with pytest.raises(Conflict, match="PayPal does not pay to Nigeria"):
        accrual("payout-methods", "set", "ada", "--method", "paypal", "--email", "a@example.com", "--country", "NG")
    told = {one["method"]: one["sentence"] for one in accrual("payout-methods", "available", "ada", "--country", "ng")}
    assert told["paypal"] == "PayPal does not pay to Nigeria."
    assert told["crypto"] is None
