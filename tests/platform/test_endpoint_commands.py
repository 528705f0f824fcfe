"""`accrual endpoints`: what a person does when Stripe shows another secret."""

import pytest

from app.errors import InvalidRequest, NotFound

from .conftest import Accrual


def test_an_endpoint_is_made_rotated_disabled_and_opened_again(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    made = accrual("endpoints", "add", "--live", "--description", "EU")
    assert made["livemode"] is True
    assert made["secrets"] == []
    accrual("endpoints", "rotate", made["id"], "--secret", "whsec_first")
    rotated = accrual("endpoints", "rotate", made["id"], "--secret", "whsec_second", "--expires-in-hours", "2")
    assert [one["ends_with"] for one in rotated["secrets"]] == ["cond", "irst"]
    assert rotated["secrets"][1]["expires_at"] is not None
    assert accrual("endpoints", "disable", made["id"])["disabled"] is True
    assert accrual("endpoints", "enable", made["id"])["disabled"] is False
    listed = accrual("endpoints", "list")
    assert [(one["description"], one["livemode"]) for one in listed] == [("EU", True), ("", False)]
    resealed = {
        "resealed": 2,
        "payout_methods": 0,
        "payouts": 0,
        "payout_files": 0,
        "payout_settings": 0,
        "client_keys": 0,
        "webhook_endpoints": 0,
    }
    assert accrual("endpoints", "reseal") == resealed


def test_the_table_shows_hints_and_no_secret(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com", "--webhook-secret", "whsec_hidden")
    table = accrual("endpoints", "list", json_expected=False).stdout
    assert "…dden" in table
    assert "whsec_hidden" not in table


def test_invalid_secret_or_endpoint_is_refused(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    with pytest.raises(InvalidRequest, match="whsec_"):
        accrual("endpoints", "add", "--test", "--secret", "sk_test_1")
    with pytest.raises(NotFound):
        accrual("endpoints", "disable", "whe_of_nobody")
