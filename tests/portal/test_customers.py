"""What partners never see: anything of the customers whose payments they earn with."""

import json
import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import text

from app import db
from app.config import Settings
from app.mcp.catalog import ME, OPERATIONS
from tests.api.isolation.world import World
from tests.mcp.agents import Agents, run

from .conftest import PartnerOf
from .test_isolation import walk

PERSONAL = frozenset({"email", "customer_email", "receipt_email", "phone", "name", "number"})
"""Fields of Stripe's documents whose texts belong to the customer, or name its documents."""
OBJECTS = ("cus_", "in_", "pi_", "ch_", "sub_", "evt_")
SHORTEST = 5


def of_customers() -> frozenset[str]:
    """Each text of the stored events that names a customer, or an object of its payments."""
    with db.transaction() as session:
        events = session.scalars(text("SELECT payload::text FROM stripe_events WHERE payload IS NOT NULL")).all()
    found = {one for event in events for one in _texts(json.loads(event), "")}
    return frozenset(one for one in found if len(one) >= SHORTEST)


def _texts(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str) and (key in PERSONAL or value.startswith(OBJECTS)):
        yield value


def rest_of_partners(application: Flask, world: World) -> Iterator[str]:
    """The path of each call that a partner's key may read."""
    mine = (rule for rule in application.url_map.iter_rules() if rule.rule.startswith(ME))
    rules = [rule.rule for rule in mine if "GET" in (rule.methods or ())]
    for rule in (*rules, "/api/v1/commissions", "/api/v1/partners/<partner_id>/commissions"):
        yield re.sub(r"<(\w+)>", lambda name: world.ids[name[1]], rule)


def answers_of_tools(settings: Settings, world: World, key: str | None) -> dict[str, str]:
    """What each tool of the partner side that reads answers."""
    answers: dict[str, str] = {}

    async def ask() -> None:
        async with Agents(settings, "memory").connect(key) as agent:
            for operation in OPERATIONS:
                if operation.rule.startswith(ME) and operation.method == "GET":
                    named = {"program_id": world.ids["program_id"]} if "<program_id>" in operation.rule else {}
                    answers[operation.name] = json.dumps(await agent.does(operation.name, **named))

    run(ask)
    return answers


def test_no_page_file_answer_or_tool_names_a_customer(
    application: Flask, settings: Settings, world: World, partner_of: PartnerOf
) -> None:
    hidden, ada, key = of_customers(), partner_of("ada"), world.callers["ada"]
    assert {"cus_ada", "in_7001"} <= hidden
    assert any("@" in one for one in hidden)
    pages = [path for path in walk(application, world, "GET") if not path.endswith(".png")]
    answers = {path: ada.browser.get(path).get_data(as_text=True) for path in pages}
    for path in rest_of_partners(application, world):
        for accepted in ("application/json", "text/csv"):
            answers[f"{path} {accepted}"] = key.call("GET", path, {"Accept": accepted}).text
    answers |= answers_of_tools(settings, world, key.key)
    assert len(answers) > 45
    assert world.ids["commission_id"].partition("_")[2] in "".join(answers.values())
    seen = {path: sorted(one for one in hidden if one in page) for path, page in answers.items()}
    assert {path: named for path, named in seen.items() if named} == {}
