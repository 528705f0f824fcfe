"""`accrual commissions` and `accrual balances`: what is owed, and letting it be paid."""

import re
from typing import Any

import pytest

from app.errors import Conflict, InvalidRequest, NotFound
from tests import cast
from tests.conftest import Deliver, Drain, assert_ledger_sound
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Accrual
from .test_audited_commands import trail


@pytest.fixture
def sold(merchant: cast.Merchant, deliver: Deliver, drain: Drain) -> None:
    """Ada sold twice and Ben once, 9.80 each."""
    del merchant
    sales = [Customer(CLOVER, Marks(subscription=code)).subscribes() for code in ("ada", "ada", "ben")]
    deliver(event for sale in sales for event in sale.events)
    drain()


@pytest.mark.usefixtures("sold")
def test_commissions_are_listed_by_partner_status_and_time(accrual: Accrual) -> None:
    assert sorted(commission["partnerCode"] for commission in accrual("commissions", "list")) == ["ada", "ada", "ben"]
    assert len(accrual("commissions", "list", "--partner", "ada", "--status", "accrued")) == 2
    assert accrual("commissions", "list", "--status", "paid") == []
    assert accrual("commissions", "list", "--until", "2001-01-01") == []
    with pytest.raises(InvalidRequest, match="status 'owed' is unknown; use one of accrued, approved, paid, reversed"):
        accrual("commissions", "list", "--status", "owed")
    some = accrual("commissions", "list", "--limit", "2", json_expected=False)
    assert "more than 2" in some.stderr


@pytest.mark.usefixtures("sold")
def test_a_commission_is_shown_approved_and_rejected_by_id(accrual: Accrual) -> None:
    [ben] = accrual("commissions", "list", "--partner", "ben")
    ada, _ = accrual("commissions", "list", "--partner", "ada")
    assert accrual("commissions", "show", ben["id"]) == ben
    [approved] = accrual("commissions", "approve", ben["id"])
    assert (approved["partner"], approved["status"], approved["commission"]) == ("ben", "approved", "9.80 USD")
    with pytest.raises(Conflict):
        accrual("commissions", "approve", ben["id"])
    [rejected] = accrual("commissions", "reject", ada["conversionId"], "--reason", "a stolen card")
    assert (rejected["status"], rejected["commission"]) == ("rejected", "0.00 USD")
    with pytest.raises(NotFound, match='there is no commission "com_'):
        accrual("commissions", "show", ben["id"][:-1] + ("0" if ben["id"][-1] != "0" else "1"))
    decided = [row for row in trail() if row[1].startswith("conversion")]
    assert decided == [("cli", "conversion.approved", {}), ("cli", "conversion.rejected", {})]
    assert_ledger_sound()


@pytest.mark.usefixtures("sold")
def test_people_read_names_in_words_and_times_as_dates(accrual: Accrual) -> None:
    [ben] = accrual("commissions", "list", "--partner", "ben")
    shown = [
        ("commissions", "show", ben["id"]),
        ("partners", "show", "ben"),
        ("partners", "list"),
        ("programs", "show"),
    ]
    for command in shown:
        text = accrual(*command, json_expected=False).stdout
        assert " UTC" in text
        assert not re.search(r"\dT\d|[a-z][A-Z]", text), text


@pytest.mark.usefixtures("sold")
def test_ids_of_the_other_mode_are_refused_and_nothing_is_approved(accrual: Accrual) -> None:
    every = [commission["id"] for commission in accrual("commissions", "list")]
    with pytest.raises(InvalidRequest, match=f"{every[0]} is in test mode; leave out --live"):
        accrual("commissions", "approve", *every, "--live")
    assert {commission["status"] for commission in accrual("commissions", "list")} == {"accrued"}
    approved = accrual("commissions", "approve", *every, "--test")
    assert [one["status"] for one in approved] == ["approved"] * 3


@pytest.mark.usefixtures("sold")
def test_all_that_match_are_approved_after_a_dry_run(accrual: Accrual) -> None:
    rehearsed = accrual("commissions", "approve", "--partner", "ada", "--dry-run")
    assert (rehearsed["approved"], rehearsed["amounts"]) == (2, [{"currency": "USD", "amount": "19.60"}])
    assert len(accrual("commissions", "list", "--status", "accrued")) == 3
    done = accrual("commissions", "approve", "--partner", "ada")
    assert {name: value for name, value in done.items() if name != "dryRun"} == {
        name: value for name, value in rehearsed.items() if name != "dryRun"
    }
    assert [commission["partnerCode"] for commission in accrual("commissions", "list", "--status", "accrued")] == [
        "ben"
    ]
    assert [row[1] for row in trail()][-3:] == ["conversion.approved", "conversion.approved", "conversions.approved"]


@pytest.mark.parametrize(
    "options",
    [(), ("--dry-run",), ("com_1", "--partner", "ada"), ("com_1", "--dry-run"), ("--partner", "ada", "--force")],
)
def test_approving_takes_ids_or_a_condition_and_not_both(accrual: Accrual, options: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequest, match="--partner"):
        accrual("commissions", "approve", *options)


@pytest.mark.usefixtures("sold")
def test_balances_show_what_is_accrued_payable_paid_and_owed(accrual: Accrual) -> None:
    accrual("commissions", "approve", "--partner", "ben")
    ada, ben = accrual("balances")
    figures: dict[str, Any] = {"accrued_cents": 1960, "payable_cents": 0, "in_payout_cents": 0, "paid_cents": 0}
    assert {**ada, "partner_id": ""} == {
        "partner_id": "",
        "code": "ada",
        "currency": "usd",
        **figures,
        "owed_cents": 1960,
    }
    assert (ben["accrued_cents"], ben["payable_cents"], ben["owed_cents"]) == (0, 980, 980)
    assert [one["code"] for one in accrual("balances", "--partner", "ben")] == ["ben"]
    shown = accrual("balances", json_expected=False).stdout
    assert re.search(r"ada .* test .* 19\.60 USD", shown)
