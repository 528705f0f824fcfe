"""`accrual stripe-setup` prints, in three ways, an endpoint with exactly the event types that the handlers read."""

import re
import shlex

import pytest

from app import config
from app.errors import NotFound
from tests.cast import Merchant, open_endpoint
from tests.platform.conftest import Accrual, accrual
from worker.inbox import payout_events
from worker.inbox.handlers import table

__all__ = ["accrual"]

PUBLIC = "https://go.shop.example"


def handled(*, connected: bool) -> set[str]:
    """The types that have a handler, of the own account or of connected accounts."""
    about_accounts = {name for name in payout_events.HANDLERS if not name.startswith("transfer.")}
    return about_accounts if connected else {*table.HANDLERS, *payout_events.HANDLERS} - about_accounts


@pytest.mark.parametrize("connected", [False, True])
def test_every_way_has_the_address_and_exactly_the_types_of_the_handlers(
    accrual: Accrual, webhook_path: str, monkeypatch: pytest.MonkeyPatch, connected: bool
) -> None:
    monkeypatch.setenv("ACCRUAL_PUBLIC_URL", PUBLIC)
    options = ["--connected"] if connected else []
    body = accrual("stripe-setup", *options)
    types = body["connected_event_types" if connected else "event_types"]
    assert set(types) == handled(connected=connected)
    assert len(types) == len(set(types))
    assert body["url"] == f"{PUBLIC}{webhook_path}"
    assert re.findall(r'^    "(.+)",$', body["terraform"], re.MULTILINE) == types
    assert f'url         = "{body["url"]}"' in body["terraform"]
    sent = [word for word in shlex.split(body["stripe_cli"]) if "=" in word]
    expected = [f"url={body['url']}", *(["connect=true"] if connected else [])]
    assert sent == [*expected, *(f"enabled_events[]={name}" for name in types)]


def test_for_people_the_steps_the_types_and_both_commands_are_printed(
    accrual: Accrual, webhook_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCRUAL_PUBLIC_URL", PUBLIC)
    printed = accrual("stripe-setup", json_expected=False).stdout
    assert f"accrual endpoints rotate {webhook_path.rpartition('/')[2]}" in printed
    assert set(re.findall(r"^   ([a-z_.]+)$", printed, re.MULTILINE)) == handled(connected=False)
    assert 'resource "stripe_webhook_endpoint" "accrual" {' in printed


def test_for_an_address_that_stripe_cannot_reach_the_stripe_cli_forwards(accrual: Accrual, webhook_path: str) -> None:
    body = accrual("stripe-setup")
    listen, forwarded = body["stripe_cli"].split(" --events ")
    assert listen == f"stripe listen --forward-to http://127.0.0.1:8000{webhook_path}"
    assert set(forwarded.split(",")) == handled(connected=False)
    assert "ACCRUAL_PUBLIC_URL" in body["steps"][0]


def test_an_endpoint_is_named_or_the_oldest_of_the_mode(
    accrual: Accrual, merchant: Merchant, settings: config.Settings, webhook_path: str
) -> None:
    with pytest.raises(NotFound, match="accrual endpoints add --live"):
        accrual("stripe-setup", "--live")
    live = open_endpoint(merchant.organization_id, settings, "whsec_live", livemode=True)
    assert accrual("stripe-setup", "--live")["livemode"] is True
    assert accrual("stripe-setup", "--endpoint", live.rpartition("/")[2])["url"].endswith(live)
    assert accrual("stripe-setup")["url"].endswith(webhook_path)
