"""A shop with everything in it, and people who read its pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import pytest
from flask import Flask

from app.config import Settings
from tests.api.conftest import Answer
from tests.api.isolation.world import World, build
from tests.cast import Merchant
from tests.pages.conftest import Browser
from tests.people.conftest import add_person


@dataclass(frozen=True)
class Reader:
    """A person with a session in the console."""

    browser: Browser

    def get(self, path: str, **query: object) -> Answer:
        with self.browser.get(path, query_string=query) as answer:
            return Answer(answer.status_code, answer.get_json(silent=True), answer.text, answer.headers)


class ReaderOf(Protocol):
    """Signs in a person of one of the world's organizations."""

    def __call__(self, who: str, *, role: str = "owner", livemode: bool = False) -> Reader: ...


@pytest.fixture
def world(application: Flask, settings: Settings, merchant: Merchant) -> World:
    return build(application, settings, merchant)


@pytest.fixture
def reader_of(application: Flask, world: World) -> ReaderOf:
    def make(who: str, *, role: str = "owner", livemode: bool = False) -> Reader:
        email = f"{role}@{who}.example"
        add_person(world.organization_ids[who], email, role)
        browser = Browser(application).sign_in(email)
        switched = browser.send("/console", "/console/mode", livemode=str(livemode).lower())
        assert switched.status_code == 303
        return Reader(browser)

    return make


def rules(application: Flask) -> list[str]:
    """Every page of the console as a rule, `/console/payments/<payment_id>`; files that pages offer are none."""
    return sorted(
        rule.rule
        for rule in application.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "GET" in (rule.methods or ()) and not rule.rule.endswith("/file")
    )


def paths(application: Flask, ids: Mapping[str, str], of: Iterable[str] | None = None) -> list[str]:
    """These pages, by default every page, with ids in their paths."""
    return [_filled(rule, ids) for rule in (rules(application) if of is None else of)]


def _filled(rule: str, ids: Mapping[str, str]) -> str:
    for name, value in ids.items():
        rule = rule.replace(f"<{name}>", value)
    assert "<" not in rule, rule
    return rule
