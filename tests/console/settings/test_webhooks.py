"""Webhook endpoints in the console: secrets shown once, tests, deliveries sent again, disabled and deleted."""

import re
from typing import Any

import pytest

from tests.api.isolation.world import World
from tests.console.conftest import ReaderOf
from tests.console.test_forms import send

LIST = "/console/settings/webhooks"
URL = "https://hooks.example.com/accrual"


def state(world: World, endpoint_id: str) -> dict[str, Any]:
    return dict(world.callers["owner"].get(f"/api/v1/webhook-endpoints/{endpoint_id}").json)


def secret_on(text: str) -> str:
    [found] = re.findall(r"<pre[^>]*>(whsec_[^<]+)</pre>", text)
    return str(found)


def test_an_endpoint_is_made_changed_and_given_secrets_that_are_shown_once(
    world: World, reader_of: ReaderOf, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = reader_of("owner")
    status, text = send(owner, LIST, LIST, url="http://localhost/", description="mine", events="partner.applied")
    assert (status, 'value="mine"' in text, 'value="partner.applied" checked' in text) == (400, True, True)
    made = owner.browser.send(LIST, LIST, url=URL, events="commission.accrued", description="mine")
    first, [endpoint_id] = secret_on(made.text), set(re.findall(r"owe_\w{26}", made.text))
    assert (made.status_code, state(world, endpoint_id)["events"]) == (201, ["commission.accrued"])
    page = f"{LIST}/{endpoint_id}"
    assert send(owner, page, page, url=f"{URL}/2", description="", include_backfill="true")[0] == 303
    changed = state(world, endpoint_id)
    assert (changed["url"], changed["events"], changed["include_backfill"]) == (f"{URL}/2", ["*"], True)
    status, text = send(owner, f"{page}/rotate", f"{page}/rotate")
    second = secret_on(text)
    assert (status, second != first, "Signed with two secrets" in text) == (201, True, True)
    after = owner.get(page).text + owner.get(LIST).text + capsys.readouterr().out + str(made.headers)
    assert (first in after, second in after) == (False, False)


def test_an_endpoint_is_tested_disabled_enabled_and_deleted(world: World, reader_of: ReaderOf) -> None:
    owner, endpoint_id = reader_of("owner"), world.ids["webhook_endpoint_id"]
    page = f"{LIST}/{endpoint_id}"
    status, text = send(owner, page, f"{page}/test")
    assert (status, "webhook.test" in text, "The test message is queued." in text) == (303, True, True)
    assert send(owner, f"{page}/disable", f"{page}/disable")[0] == 303
    assert state(world, endpoint_id)["disabled_reason"] == "by_request"
    refused = owner.browser.send(page, f"{page}/test")
    assert (refused.status_code, "disabled" in refused.text) == (409, True)
    assert send(owner, page, f"{page}/enable")[0] == 303
    assert not state(world, endpoint_id)["disabled"]
    assert send(owner, f"{page}/delete", f"{page}/delete")[0] == 303
    assert owner.get(page).status_code == 404


def test_a_delivery_is_sent_again(world: World, reader_of: ReaderOf) -> None:
    owner, page = reader_of("owner"), f"/console/deliveries/{world.ids['delivery_id']}"
    status, text = send(owner, page, f"{page}/resend")
    assert (status, "queued again" in text) == (303, True)
    entries = world.callers["owner"].get("/api/v1/audit", action="webhook_delivery.resent").json["data"]
    assert [one["subject_id"] for one in entries] == [world.ids["delivery_id"]]


def test_a_viewer_reads_endpoints_and_changes_none(world: World, reader_of: ReaderOf) -> None:
    viewer, page = reader_of("owner", role="viewer"), f"{LIST}/{world.ids['webhook_endpoint_id']}"
    assert "<form" not in viewer.get(page).text.partition("<main")[2]
    assert viewer.browser.send("/console", LIST, url=URL).status_code == 403
    assert viewer.get(f"{page}/rotate").status_code == 403
