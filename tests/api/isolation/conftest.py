"""The routes of the application, and a shop with everything that they can be called about."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import db
from app.config import Settings
from app.http import surfaces
from app.http.errors import PAGE_PATHS
from app.organizations import access
from app.organizations.permissions import Caller as KeyHolder
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
    """Every route of the API; those that end things come last, the inner ones before the outer."""
    permissions = surfaces.permissions(application)
    found = [
        Route(method, rule.rule, permissions.get(rule.endpoint), tuple(re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)))
        for rule in application.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if not rule.rule.startswith(PAGE_PATHS)  # pages for people who are signed in: tests/pages
    ]
    return sorted(found, key=lambda one: (one.method == "DELETE", -len(one.parameters), one.rule, one.method))


@pytest.fixture
def guarded(routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.permission is not None]


@pytest.fixture
def every_where_forged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are given every organization; only row-level security refuses them."""
    every_organization = tuple(world.organization_ids.values())
    real = access.identify

    def believing(authorization: str | None) -> KeyHolder:
        caller = real(authorization)
        return replace(caller, organization_ids=(caller.organization_id, *every_organization))

    @contextmanager
    def narrowed(caller: KeyHolder) -> Iterator[Session]:
        with db.web_transaction() as session:
            db.narrow_to_organizations(session, [caller.organization_id], livemode=False)
            yield session

    monkeypatch.setattr(access, "identify", believing)
    monkeypatch.setattr(access, "transaction", narrowed)
