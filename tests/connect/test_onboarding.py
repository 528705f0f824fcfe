"""The onboarding: what Stripe says of the account afterwards, and what it requires."""

from app import ids
from tests.api.conftest import Caller
from tests.cast import Merchant
from tests.conftest import Drain
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator

from .conftest import Work, make_accounts_due
from .onboarding import account_of, linked, opened


def test_the_return_from_the_onboarding_proves_nothing(
    ada: Caller, shop: Emulator, work: Work, listening: Endpoint, drain: Drain
) -> None:
    account = opened(ada, work)
    shop.leave_early(account, "individual.verification.document")
    assert account_of(ada)["status"] == "onboarding"
    shop.onboard(account)
    assert account_of(ada)["can_receive"] is False
    shop.deliver()
    drain()
    shown = account_of(ada)
    assert (shown["status"], shown["can_receive"], shown["transfers"]) == ("ready", True, "active")


def test_without_events_an_account_is_fetched_after_its_link(ada: Caller, shop: Emulator, work: Work) -> None:
    account = opened(ada, work)
    linked(ada, work)
    shop.onboard(account)
    make_accounts_due()
    work()
    assert account_of(ada)["status"] == "ready"
    assert work() == 0


def test_a_requirement_is_shown_to_both_sides(
    ada: Caller, owner: Caller, merchant: Merchant, shop: Emulator, work: Work, listening: Endpoint, drain: Drain
) -> None:
    account = opened(ada, work)
    shop.onboard(account)
    shop.restrict(account, "individual.id_number", individual__id_number="The number is invalid.")
    shop.deliver()
    drain()
    partner = ids.encode(ids.PARTNER, merchant.partners["ada"])
    for shown in (account_of(ada), owner.get(f"/api/v1/partners/{partner}/payout-account").json):
        assert (shown["status"], shown["can_receive"]) == ("restricted", False)
        assert shown["requirements"]["past_due"] == ["individual.id_number"]
        assert shown["requirements"]["errors"] == [
            {"requirement": "individual.id_number", "code": "invalid_value_other"}
        ]
        assert "Stripe requires individual.id_number" in shown["sentence"]
