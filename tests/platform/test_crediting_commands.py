"""`accrual promotion-codes` and `accrual attribution`: the same commands as over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from app.config import Settings
from app.errors import Conflict, InvalidRequest, NotFound
from tests import cast
from tests.conftest import Deliver, Drain, assert_ledger_sound
from tests.journeys.test_promotion_codes import Sale, now
from tests.journeys.test_promotion_codes import sell as sell_with_code
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Accrual
from .test_audited_commands import trail

Sell = Callable[..., Sale]


@pytest.fixture
def sell(merchant: cast.Merchant, deliver: Deliver, drain: Drain) -> Sell:
    """A customer types a promotion code and subscribes; the subscription names a partner, or none."""
    del merchant

    def sell(code: str | None = None) -> Sale:
        sale = sell_with_code(now(Customer(CLOVER, Marks(subscription=code))))
        deliver(sale.events)
        drain()
        return sale

    return sell


def earners(accrual: Accrual) -> list[str]:
    """The codes of the partners that have something earned, in order."""
    shown: list[dict[str, Any]] = accrual("commissions", "list")
    return sorted(row["partnerCode"] for row in shown if row["status"] != "reversed")


def test_promotion_code_is_requested_in_stripe_and_its_state_is_listed(
    accrual: Accrual, merchant: cast.Merchant, settings: Settings
) -> None:
    create = ("promotion-codes", "create", "ada")
    with pytest.raises(InvalidRequest, match="--coupon is required") as refused:
        accrual(*create)
    assert "use `accrual promotion-codes give` to give a code" in refused.value.message
    with pytest.raises(Conflict, match="there is no test Stripe API key"):
        accrual(*create, "--coupon", "SPRING")
    cast.set_api_key(merchant.organization_id, "rk_test_of_the_shop_0123456789", settings)
    with pytest.raises(InvalidRequest, match="--expires-at is not in the future"):
        accrual(*create, "--coupon", "SPRING", "--expires-at", "2020-01-31")
    made = accrual(*create, "--coupon", "SPRING", "--code", "ADA20", "--max-redemptions", "5")
    assert (made["status"], made["code"], made["coupon"], made["max_redemptions"]) == ("pending", "ADA20", "SPRING", 5)
    assert accrual("promotion-codes", "requests", "ada") == [made]
    assert accrual("promotion-codes", "requests", "ben") == accrual("promotion-codes", "list", "ada") == []
    details = {"partner_id": made["partner_id"], "coupon": "SPRING"}
    assert trail()[-1] == ("cli", "promotion_code.requested", details)


def test_promotion_that_stripe_has_is_given_credits_its_uses_and_is_taken_away(accrual: Accrual, sell: Sell) -> None:
    code = sell().code
    assert earners(accrual) == []
    with pytest.raises(InvalidRequest, match="exactly one of --promotion-code, --coupon and --code"):
        accrual("promotion-codes", "give", "ada")
    given = accrual("promotion-codes", "give", "ada", "--promotion-code", code.id)
    assert accrual("promotion-codes", "list", "ada") == [given]
    assert code.id in accrual("promotion-codes", "list", "ada", json_expected=False).stdout
    assert earners(accrual) == ["ada"]
    with pytest.raises(Conflict, match="belongs to another partner"):
        accrual("promotion-codes", "give", "ben", "--promotion-code", code.id)
    with pytest.raises(NotFound):
        accrual("promotion-codes", "remove", "ben", given["id"])
    assert accrual("promotion-codes", "remove", "ada", given["id"])["removed_at"] is not None
    assert earners(accrual) == []
    assert [action for _, action, _ in trail()] == ["promotion.given", "promotion.taken_away"]
    assert_ledger_sound()


def test_payment_is_credited_by_hand_to_another_partner_and_to_none(accrual: Accrual, sell: Sell) -> None:
    sell("ada")
    [commission] = accrual("commissions", "list")
    payment = accrual("explain", commission["id"])["payments"][0]["payment"]["id"]
    credit = ("attribution", "payment", payment, "--reason", "Ben closed the sale")
    with pytest.raises(InvalidRequest, match="exactly one of --partner and --no-partner"):
        accrual(*credit)
    with pytest.raises(NotFound, match="no partner"):
        accrual(*credit, "--partner", "ebn")
    moved = accrual(*credit, "--partner", "ben")
    assert (moved["payment"]["id"], moved["changed"], earners(accrual)) == (payment, True, ["ben"])
    assert accrual(*credit, "--partner", "ben")["changed"] is False
    assert accrual(*credit, "--no-partner")["partner_id"] is None
    assert earners(accrual) == []
    assert [action for _, action, _ in trail()] == ["payment.attributed"] * 2
    assert_ledger_sound()


def test_customer_is_credited_by_hand_with_what_it_has_paid(accrual: Accrual, sell: Sell) -> None:
    customer = sell().cleo.id
    credit = ("attribution", "customer", customer, "--reason", "met at a fair", "--partner", "ada")
    with pytest.raises(InvalidRequest, match="exactly one of --from and --all-unpaid"):
        accrual(*credit)
    with pytest.raises(NotFound):
        accrual(*credit, "--all-unpaid", "--live")
    moved = accrual(*credit, "--all-unpaid")
    assert (moved["customer"], moved["changed"], len(moved["moved"])) == (customer, True, 1)
    assert earners(accrual) == ["ada"]
    assert [action for _, action, _ in trail()] == ["customer.attributed"]
    assert_ledger_sound()
