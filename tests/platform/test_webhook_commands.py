"""`accrual webhooks`: endpoints, their secrets and deliveries on the command line."""

import pytest

from app.errors import Conflict, InvalidRequest

from .conftest import Accrual


def test_an_endpoint_is_made_changed_tested_rotated_and_deleted(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    made = accrual("webhooks", "add", "https://hooks.example.com/", "--live", "--description", "CRM")
    assert made["secret"].startswith("whsec_")
    assert (made["livemode"], made["events"]) == (True, ["*"])
    changed = accrual("webhooks", "change", made["id"], "--event", "commission.paid", "--include-backfill")
    assert (changed["events"], changed["include_backfill"]) == (["commission.paid"], True)
    assert accrual("webhooks", "rotate", made["id"])["secret"] != made["secret"]
    sent = accrual("webhooks", "test", made["id"])
    assert accrual("webhooks", "deliveries", "--live", "--endpoint", made["id"]) == [sent]
    assert accrual("webhooks", "deliveries", "--live", "--status", "given_up") == []
    assert accrual("webhooks", "show", sent["id"])["payload"]["type"] == "webhook.test"
    assert accrual("webhooks", "resend", sent["id"])["message_id"] == sent["message_id"]
    assert accrual("webhooks", "disable", made["id"])["disabled"] is True
    with pytest.raises(Conflict, match="enable it first"):
        accrual("webhooks", "test", made["id"])
    assert accrual("webhooks", "enable", made["id"])["disabled"] is False
    assert [row["id"] for row in accrual("webhooks", "list")] == [made["id"]]
    assert accrual("endpoints", "reseal")["webhook_endpoints"] == 1
    accrual("webhooks", "delete", made["id"])
    assert accrual("webhooks", "list") == []


def test_the_tables_show_the_secret_of_a_new_endpoint_only(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    made = accrual("webhooks", "add", "https://hooks.example.com/", json_expected=False).stdout
    assert "whsec_" in made
    listed = accrual("webhooks", "list", json_expected=False).stdout
    assert "https://hooks.example.com/" in listed
    assert "whsec_" not in listed
    endpoint_id = accrual("webhooks", "list")[0]["id"]
    sent = accrual("webhooks", "test", endpoint_id)
    shown = accrual("webhooks", "show", sent["id"], json_expected=False).stdout
    assert endpoint_id in shown


def test_a_wrong_address_or_event_is_refused(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    with pytest.raises(InvalidRequest, match="https"):
        accrual("webhooks", "add", "http://hooks.example.com/")
    with pytest.raises(InvalidRequest, match="commission\\.made"):
        accrual("webhooks", "add", "https://hooks.example.com/", "--event", "commission.made")
