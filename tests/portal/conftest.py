"""Partners of a shop with everything in it, and their people in the portal."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from flask import Flask

from app import db
from app.config import Settings
from tests.api.isolation.world import World, build
from tests.api.reserved import reserve
from tests.api.sales import sell
from tests.cast import Merchant
from tests.console.conftest import Reader
from tests.pages.conftest import Browser
from tests.people.conftest import add_person

PartnerOf = Callable[..., Reader]


@pytest.fixture
def world(application: Flask, settings: Settings, merchant: Merchant) -> World:
    """As the console's; the payout is Ada's."""
    with db.transaction() as session:
        reserved = reserve(session, merchant, "ada", sell(session, merchant, "ada", 7005))
    built = build(application, settings, merchant)
    built.ids.update(reserved._asdict())
    with db.transaction() as session:
        sell(session, merchant, "ada", 7006)
    return replace(built, adas=built.adas | {reserved.payout_id.partition("_")[2]})


@pytest.fixture
def partner_of(application: Flask, world: World) -> PartnerOf:
    """Signs in a person of a partner's organization."""

    def make(who: str, *, role: str = "owner", livemode: bool = False) -> Reader:
        email = f"{role}@{who}.example"
        add_person(world.organization_ids[who], email, role)
        browser = Browser(application).sign_in(email, leads_to="/portal")
        switched = browser.send("/portal", "/console/mode", livemode=str(livemode).lower(), next="/portal")
        assert switched.headers["Location"] == "/portal"
        return Reader(browser)

    return make


def pages(application: Flask, ids: Mapping[str, str]) -> Iterator[str]:
    """Every page of the portal with these ids in its path."""
    for rule in sorted(rule.rule for rule in application.url_map.iter_rules() if _is_page(rule)):
        path = rule.replace("<currency>", "usd")
        for name, value in ids.items():
            path = path.replace(f"<{name}>", value)
        assert "<" not in path, path
        yield path


def _is_page(rule: object) -> bool:
    is_file = rule.rule.endswith((".png", "/file"))  # type: ignore[attr-defined]
    return rule.endpoint.startswith("portal.") and "GET" in rule.methods and not is_file  # type: ignore[attr-defined]
