"""The routes of the application, and a shop with everything that they can be called about."""

import re

import pytest
from flask import Flask

from app.config import Settings
from app.http import surfaces
from tests.cast import Merchant

from .table import Route
from .world import World, build


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As everywhere, with payouts switched on."""
    return settings.model_copy(update={"payouts_live": True})


@pytest.fixture
def world(application: Flask, settings: Settings, merchant: Merchant) -> World:
    return build(application, settings, merchant)


@pytest.fixture
def routes(application: Flask) -> list[Route]:
    """Every route that takes a key; those that end things come last, the inner ones before the outer."""
    permissions = surfaces.permissions(application)
    found = [
        Route(method, rule.rule, permissions.get(rule.endpoint), tuple(re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)))
        for rule in application.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda one: (one.method == "DELETE", -len(one.parameters), one.rule, one.method))


@pytest.fixture
def guarded(routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.permission is not None]
