"""`accrual opening-balances` and `accrual programs cutoff`: the same commands as over HTTP."""

import pytest

from app.errors import Conflict, InvalidRequest
from tests import cast
from tests.conftest import assert_ledger_sound

from .conftest import Accrual
from .test_audited_commands import trail


def test_balance_is_recorded_once_and_listed_and_explained(accrual: Accrual, merchant: cast.Merchant) -> None:
    named = ("--source", "tolt", "--source-id", "ada:usd", "--occurred-at", "2026-03-01")
    made = accrual("opening-balances", "record", "ada", "--amount-cents", "-250", *named)
    assert (made["amount_cents"], made["currency"], made["occurred_at"]) == (-250, "usd", "2026-03-01T00:00:00.000Z")
    assert accrual("opening-balances", "record", "ada", "--amount-cents", "-250", *named) == made
    with pytest.raises(Conflict):
        accrual("opening-balances", "record", "ada", "--amount-cents", "250", *named)
    assert accrual("opening-balances", "list", "--partner", "ada") == [made]
    assert "-2.50 USD" in accrual("opening-balances", "list", json_expected=False).stdout
    assert "owed 2.50 USD elsewhere" in accrual("explain", made["id"])["summary"]
    [balance] = accrual("balances", "--partner", "ada")
    assert (balance["payable_cents"], balance["owed_cents"]) == (-250, -250)
    assert [action for _, action, _ in trail()] == ["opening_balance.recorded"]
    assert_ledger_sound()


def test_cutoff_is_set_for_one_mode_and_ended(accrual: Accrual, merchant: cast.Merchant) -> None:
    del merchant
    shown = accrual("programs", "cutoff", "2026-03-01")
    assert (shown["test_cutoff_at"], shown["live_cutoff_at"]) == ("2026-03-01T00:00:00.000Z", None)
    assert accrual("programs", "cutoff", "none")["test_cutoff_at"] is None
    with pytest.raises(InvalidRequest, match="TIME 'soon' is not a date"):
        accrual("programs", "cutoff", "soon")
