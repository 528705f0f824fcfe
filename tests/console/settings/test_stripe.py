"""Stripe endpoints in the console: made, checked, given secrets and keys that no page shows, disabled and deleted."""

import json
from typing import Any

import pytest

from app import db
from app.doctor.stripe_setup import OWN_ACCOUNT
from app.organizations.actors import CLI
from app.stripe_events.endpoints import commands
from tests.api.isolation.world import World
from tests.cast import Merchant
from tests.console.conftest import ReaderOf
from tests.console.test_forms import send
from tests.doctor.conftest import Installation

from .conftest import VisitorOf

LIST = "/console/settings/stripe"
SECRET, LATER, KEY = "whsec_first-0001", "whsec_later-0002", "rk_test_000000000003"


def shown_by_rest(world: World) -> list[dict[str, Any]]:
    return list(world.callers["owner"].get("/api/v1/stripe-endpoints").json["data"])


def test_an_endpoint_is_made_with_a_secret_that_no_page_shows(
    world: World, reader_of: ReaderOf, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = reader_of("owner")
    status, text = send(owner, LIST, LIST, description="EU shop", secret="nothing", api_key=KEY)
    assert (status, 'value="EU shop"' in text, "begins with whsec_" in text) == (400, True, True)
    answer = owner.browser.send(LIST, LIST, description="EU shop", secret=SECRET, api_key=KEY)
    assert answer.status_code == 303
    page = owner.get(answer.headers["Location"]).text
    [made] = [one for one in shown_by_rest(world) if one["description"] == "EU shop"]
    assert (made["livemode"], made["has_api_key"], made["secrets"][0]["ends_with"]) == (False, True, "0001")
    assert made["url"] in page
    assert all(f"{name}\n" in page or f"{name}<" in page for name in OWN_ACCOUNT)
    for secret in (SECRET, KEY, "whsec_first", "nothing"):
        assert secret not in text + page + str(answer.headers) + json.dumps(made) + capsys.readouterr().out
    entry = world.callers["owner"].get("/api/v1/audit", action="endpoint.created").json["data"][0]
    assert (entry["subject_id"], entry["actor"].partition("_")[0]) == (made["id"], "usr")


def test_a_second_secret_overlaps_and_the_last_one_stays(world: World, reader_of: ReaderOf) -> None:
    owner, page = reader_of("owner"), f"{LIST}/{world.ids['endpoint_id']}"
    status, text = send(owner, page, f"{page}/secrets", secret=LATER, expires_in_hours="1000")
    assert (status, 'value="1000"' in text, LATER in text) == (400, True, False)
    status, text = send(owner, page, f"{page}/secrets", secret=LATER, expires_in_hours="12")
    assert (status, LATER in text, "0002" in text) == (303, False, True)
    newest, first = next(one for one in shown_by_rest(world) if one["id"] == world.ids["endpoint_id"])["secrets"]
    assert (newest["expires_at"], first["expires_at"] is None) == (None, False)
    for secret, code in ((first, 303), (newest, 409)):
        asking = f"{page}/secrets/{secret['id']}/remove"
        assert f"…{secret['ends_with']}" in owner.get(page).text
        assert secret["ends_with"] in owner.get(asking).text
        assert send(owner, asking, asking)[0] == code


def test_an_endpoint_is_described_given_a_key_disabled_enabled_and_deleted(world: World, reader_of: ReaderOf) -> None:
    owner, page = reader_of("owner"), f"{LIST}/{world.ids['endpoint_id']}"

    def state() -> dict[str, Any]:
        return next(one for one in shown_by_rest(world) if one["id"] == world.ids["endpoint_id"])

    assert send(owner, page, f"{page}/api-key", api_key="rk_live_000000000003")[0] == 400
    assert send(owner, page, f"{page}/api-key", api_key=KEY)[0] == 303
    assert state()["has_api_key"]
    assert send(owner, page, f"{page}/api-key/remove")[0] == 303
    assert not state()["has_api_key"]
    assert send(owner, page, f"{page}/description", description="US shop")[0] == 303
    asking = f"{page}/disable"
    assert f'href="{asking}"' in owner.get(page).text
    assert "answers Stripe" in owner.get(asking).text.replace("&#39;", "'")
    assert send(owner, asking, asking)[0] == 303
    assert (state()["disabled"], state()["description"]) == (True, "US shop")
    assert owner.browser.send(page, f"{page}/check").status_code == 409
    assert send(owner, page, f"{page}/enable")[0] == 303
    assert not state()["disabled"]
    asking = f"{page}/delete"
    assert send(owner, asking, asking)[0] == 303
    assert owner.get(page).status_code == 404
    assert world.ids["endpoint_id"] not in str(shown_by_rest(world))


def test_managers_read_and_check_endpoints_and_change_none(world: World, reader_of: ReaderOf) -> None:
    manager, page = reader_of("owner", role="manager"), f"{LIST}/{world.ids['endpoint_id']}"
    assert 'type="password"' not in manager.get(page).text + manager.get(LIST).text
    assert manager.browser.send("/console", LIST, description="mine").status_code == 403
    assert manager.get(f"{page}/delete").status_code == 403
    status, text = send(manager, page, f"{page}/check")
    assert (status, "No event came through the endpoint" in text) == (200, True)


def test_the_check_of_an_endpoint_says_what_stripe_does_not_send(
    installation: Installation, visitor_of: VisitorOf, merchant: Merchant
) -> None:
    owner, page = visitor_of(), f"{LIST}/{installation.endpoint_id}"
    assert "No check found a fault." in owner.finds(page, f"{page}/check")
    installation.at_stripe.types = ["invoice.paid"]
    found = owner.finds(page, f"{page}/check")
    assert "Stripe does not send these event types" in found
    assert "charge.refunded" in found
    with db.transaction() as session:
        other = commands.create(session, CLI, merchant.organization_id, installation.settings, livemode=False)
    found = owner.finds(page, f"{LIST}/{other.id}/check")
    assert "has no signing secret in force" in found
    assert installation.endpoint_id not in found
