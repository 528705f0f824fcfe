"""What the list of tools promises: names, twins in REST, parameters, hints, and its length."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from app.config import Settings
from app.mcp import server
from app.mcp.calls import Sender
from app.mcp.catalog import OPERATIONS
from app.organizations.permissions import Caller
from tests.docs.pages import table_under

from .agents import Agent, Client, run

PREFIXED = (
    "programs_create programs_list programs_get programs_update invite affiliates_list affiliate_approve "
    "affiliate_pause affiliate_ban conversions_list conversion_approve conversion_reject analytics_get payout_preview "
    "payout_run my_programs_list my_referral_get my_stats_get my_balance_get my_payouts_list my_payout_create "
    "my_payout_onboarding my_payout_status signup"
)
OWN = "explain unattributed_list payment_attribute waiting_list"
NAMES = {*(f"affiliate_{name}" for name in PREFIXED.split()), *OWN.split()}
DESTRUCTIVE = {"affiliate_affiliate_ban", "affiliate_conversion_reject", "affiliate_payout_run"}
MOST_TOKENS = 6_000
Document = dict[str, Any]


@pytest.fixture(scope="module")
def listed(any_settings: Settings) -> list[Document]:
    """The list as a key that may do everything gets it."""
    anyone = Caller(uuid4(), uuid4(), (), "manage", frozenset(), livemode=False, kind="merchant")
    served = server.build(any_settings, lambda _: Sender(anyone, "nowhere", "request"))
    found: list[Document] = []

    async def story() -> None:
        async with Client(served) as client:
            tools = (await Agent(client).client.list_tools()).tools
            found.extend(tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools)

    run(story)
    return found


@pytest.fixture(scope="module")
def paths(assembled: Flask) -> Document:
    """The operations of the OpenAPI document by path and method, with references resolved on demand."""
    document = assembled.test_client().get("/openapi.json").get_json()
    return dict(document)


def test_every_tool_is_listed_with_hints_and_a_schema_of_what_it_answers(listed: list[Document]) -> None:
    assert {tool["name"] for tool in listed} == NAMES
    for tool in listed:
        hints = tool["annotations"]
        assert hints.get("destructiveHint", False) == (tool["name"] in DESTRUCTIVE), tool["name"]
        assert hints["readOnlyHint"] == tool["name"].endswith(("_list", "_get", "_preview", "_status", "explain"))
        assert tool["description"]
        assert tool["outputSchema"]["type"] == "object"


def test_the_whole_list_takes_less_than_6_000_tokens(listed: list[Document]) -> None:
    assert len(json.dumps(listed)) / 4 < MOST_TOKENS


def test_each_tool_has_its_twins_permission_and_no_parameter_that_the_twin_lacks(
    listed: list[Document], paths: Document
) -> None:
    schemas = {tool["name"]: tool["inputSchema"] for tool in listed}
    for operation in OPERATIONS:
        twin = paths["paths"][operation.rule.replace("<", "{").replace(">", "}")][operation.method.lower()]
        permissions = [one for requirement in twin.get("security", []) for one in requirement["api_key"]]
        assert permissions == ([operation.permission] if operation.permission else []), operation.name
        assert str(operation.status) in twin["responses"], operation.name
        known, required = parameters(twin, paths)
        schema = schemas[operation.name]
        assert schema["properties"].keys() <= known, operation.name
        assert required <= set(schema.get("required", [])), operation.name


def test_the_reference_lists_every_tool_with_its_twin_and_scope() -> None:
    names = {"program_id": "id", "affiliate_id": "aid", "conversion_id": "cid", "payment_id": "id"}
    rows = [tuple(cell.strip("`") for cell in row) for row in table_under("docs/reference/mcp.md", "Tools")]
    assert rows == [
        (
            operation.name,
            f"{operation.method} {re.sub('<(.*?)>', lambda part: f':{names[part[1]]}', operation.rule)}"
            + (f"?{operation.fixed_query}" if operation.fixed_query else ""),
            operation.permission or "none",
        )
        for operation in OPERATIONS
    ]


def test_no_self_service_tool_takes_the_id_of_a_partner(listed: list[Document]) -> None:
    for tool in listed:
        if tool["name"].startswith("affiliate_my_") or tool["name"] == "affiliate_signup":
            assert not {"partner_id", "affiliate_id", "organization_id"} & tool["inputSchema"]["properties"].keys()


def parameters(twin: Document, document: Document) -> tuple[set[str], set[str]]:
    """The names of all parameters of an operation in REST, its headers' as an argument is named, and the required."""
    known = {one["name"].lower().replace("-", "_") for one in twin.get("parameters", [])}
    required = {one["name"] for one in twin.get("parameters", []) if one.get("required")}
    content = twin.get("requestBody", {}).get("content", {})
    if content:
        schema = content["application/json"]["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        known |= schema["properties"].keys()
        required |= set(schema.get("required", []))
    return known, required
