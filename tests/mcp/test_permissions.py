"""Tools have REST's permissions, limits, idempotency and errors, and show nobody else's data."""

import json
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from app import db, ids
from app.config import Settings
from app.errors import ConfigurationError
from app.mcp import stdio
from app.mcp.catalog import OPERATIONS
from app.organizations import hierarchy, keys, request_limits
from app.partners.models import Partner
from tests.api.conftest import Caller, MakeCaller
from tests.api.sales import sell
from tests.cast import Merchant

from .agents import Agent, Agents, run

IDS = ("program_id", "affiliate_id", "conversion_id", "payment_id")


def partner_key(merchant: Merchant, code: str) -> str:
    with db.transaction() as session:
        partner = session.get_one(Partner, merchant.partners[code])
        made = hierarchy.create_organization(session, kind="affiliate", name=code)
        partner.partner_organization_id = made.id
        return keys.create_key(session, made.id, name="agent", level="manage")[1]


@pytest.fixture
def sold(merchant: Merchant) -> dict[str, Any]:
    """Ids of the shop's: program, partner, conversion and payment; Ben sold as well."""
    with db.transaction() as session:
        sale = sell(session, merchant, "ada", 1, customer="cus_cleo")
        sell(session, merchant, "ben", 2, customer="cus_dora")
    return {
        "program_id": ids.encode("prog", merchant.program_id),
        "affiliate_id": ids.encode("par", merchant.partners["ada"]),
        "conversion_id": sale.conversion_id,
        "payment_id": sale.payment_id,
    }


def test_a_strangers_key_finds_nothing_of_the_shops_with_any_tool(
    agents: Agents, stranger: Caller, sold: dict[str, Any]
) -> None:
    other = {"reason": "mine", "partner_id": sold["affiliate_id"], "preview_token": "none", "email": "a@example.com"}

    async def story() -> None:
        async with agents.connect(stranger.key) as agent:
            for operation in OPERATIONS:
                named = [name for name in IDS if f"<{name}>" in operation.rule]
                if not named:
                    continue
                fields = operation.models["body"].model_fields if "body" in operation.models else {}
                sent = {name: value for name, value in other.items() if name in fields}
                error = await agent.is_refused(operation.name, **{name: sold[name] for name in named}, **sent)
                assert error["code"].endswith("_not_found"), (operation.name, error)
            assert (await agent.does("unattributed_list"))["data"] == []
            assert (await agent.is_refused("explain", id=sold["payment_id"]))["code"] == "unknown_id"

    run(story)


def test_a_partners_key_lists_and_sees_only_its_own(agents: Agents, merchant: Merchant, sold: dict[str, Any]) -> None:
    ada = partner_key(merchant, "ada")

    async def story() -> None:
        async with agents.connect(ada) as agent:
            listed = await agent.tools()
            assert "affiliate_conversion_approve" not in listed
            assert {"affiliate_my_stats_get", "affiliate_my_payout_create"} <= listed
            [row] = (await agent.does("affiliate_my_stats_get"))["data"]
            assert (row["partner_id"], row["total_commissions"]) == (sold["affiliate_id"], 1)
            refused = await agent.is_refused("affiliate_conversions_list", program_id=sold["program_id"])
            assert refused["code"] == "forbidden"

    run(story)


def test_a_read_key_reads_and_decides_nothing(
    agents: Agents, merchant: Merchant, caller_of: MakeCaller, sold: dict[str, Any]
) -> None:
    reader, approver = caller_of(merchant, "read"), caller_of(merchant, "manage", "conversions:write")
    named = {name: sold[name] for name in ("program_id", "conversion_id")}

    async def story() -> None:
        async with agents.connect(reader.key) as agent:
            assert await agent.tools() == {
                "affiliate_programs_list",
                "affiliate_programs_get",
                "affiliate_affiliates_list",
                "affiliate_my_programs_list",
                "affiliate_my_referral_get",
                "affiliate_signup",
            }
            [ada, *_] = reversed((await agent.does("affiliate_affiliates_list", program_id=sold["program_id"]))["data"])
            assert "totals" not in ada
            for operation in OPERATIONS:
                if operation.permission and operation.permission.endswith(":write"):
                    assert (await agent.is_refused(operation.name, **named))["code"] == "forbidden", operation.name
        async with agents.connect(approver.key) as agent:
            assert await agent.tools() == {
                "affiliate_conversion_approve",
                "affiliate_conversion_reject",
                "affiliate_signup",
            }
            assert (await agent.does("affiliate_conversion_approve", **named))["status"] == "approved"

    run(story)


def test_a_key_that_is_revoked_while_an_agent_is_connected_ends_at_its_next_call(
    agents: Agents, owner: Caller, settings: Settings
) -> None:
    [key] = owner.get("/api/v1/api-keys").json["data"]

    async def story() -> None:
        async with agents.connect(owner.key) as agent:
            await agent.does("affiliate_programs_list")
            assert owner.call("DELETE", f"/api/v1/api-keys/{key['id']}").status_code == 200
            refused = await agent.is_refused("affiliate_programs_list")
            assert (refused["code"], refused["message"]) == ("unauthenticated", "this API key is unknown or revoked")

    run(story)
    with pytest.raises(ConfigurationError, match="ACCRUAL_API_KEY: this API key is unknown or revoked"):
        stdio.serve(settings.model_copy(update={"api_key": SecretStr(str(owner.key))}))


def test_tools_and_requests_of_one_key_share_its_limit(
    agents: Agents, owner: Caller, settings: Settings, application: Flask
) -> None:
    tight = settings.model_copy(update={"reads_per_minute": 4, "writes_per_minute": 2})
    request_limits.connect(tight)

    async def story() -> None:
        async with agents.connect(owner.key) as agent:
            await agent.does("affiliate_programs_list")
            await agent.does("affiliate_programs_list")
            left = owner.get("/v1/admin/affiliate/programs").headers["X-RateLimit-Remaining"]
            assert left == "1"
            await agent.does("affiliate_programs_list")
            refused = await agent.is_refused("affiliate_programs_list")
            assert refused["code"] == "rate_limited"
            assert "call again after" in refused["message"]
            assert owner.get("/v1/admin/affiliate/programs").status_code == 429

    try:
        run(story)
    finally:
        request_limits.connect(settings)


def test_signing_up_has_the_limit_of_the_public_request(agents: Agents, merchant: Merchant) -> None:
    async def story() -> None:
        async with agents.connect(None) as agent:
            asked = {"program_id": ids.encode("prog", merchant.program_id), "name": "Zoe", "email": "zoe@example.com"}
            codes = [(await agent.is_refused("affiliate_signup", **asked))["code"] for _ in range(6)]
            assert codes == ["program_not_found"] * 5 + ["rate_limited"]

    run(story)


def test_a_repeated_idempotency_key_is_answered_as_by_rest_and_executed_once(agents: Agents, owner: Caller) -> None:
    offer = {"name": "Once", "commission": {"type": "percentage", "bps": 2000}}

    async def story() -> None:
        async with agents.connect(owner.key) as agent:
            first = await agent.does("affiliate_programs_create", **offer, idempotency_key="a-1")
            assert await agent.does("affiliate_programs_create", **offer, idempotency_key="a-1") == first
            path, same = "/v1/admin/affiliate/programs", {"Idempotency-Key": "a-1"}
            repeated = owner.call("POST", path, same, json=offer)
            assert (repeated.status_code, repeated.json) == (201, first)
            other = await agent.is_refused(
                "affiliate_programs_create", **{**offer, "name": "Two"}, idempotency_key="a-1"
            )
            assert other["code"] == "idempotency_conflict"
            for unusable in (5, "", "k" * 256):
                refused = await agent.is_refused("affiliate_programs_create", **offer, idempotency_key=unusable)
                assert (refused["code"], refused["param"]) == ("invalid_request", "idempotency_key")
            unnamed = {**offer, "name": ""}
            refused = [
                await agent.is_refused("affiliate_programs_create", **unnamed, idempotency_key="a-2") for _ in range(2)
            ]
            assert refused[0] == refused[1]
            assert len((await agent.does("affiliate_programs_list"))["data"]) == 2

    run(story)


def test_errors_name_code_sentence_and_parameter(agents: Agents, owner: Caller, sold: dict[str, Any]) -> None:
    async def texts(agent: Agent, tool: str, **arguments: Any) -> str:
        result = await agent.call(tool, **arguments)
        assert result.is_error
        return str(result.content[0].text)  # type: ignore[union-attr]

    async def story() -> None:
        async with agents.connect(owner.key) as agent:
            wrong = {"limit": 0, "status": "gone", "lmit": 3}
            said = await texts(agent, "affiliate_affiliates_list", program_id=sold["program_id"], **wrong)
            assert "limit must be greater than or equal to 1" in said
            assert "lmit is not known here" in said
            assert said.endswith("(error invalid_request, parameter limit)")
            assert "program_id is required" in await texts(agent, "affiliate_programs_get")
            assert "NUL" in await texts(agent, "explain", id="\x00")
            assert "send no arguments" in await texts(agent, "affiliate_my_stats_get", partner_id="par_1")
            rate = {"type": "percentage", "bps": 20_000}
            said = await texts(agent, "affiliate_programs_create", name="High", commission=rate)
            assert "parameter commission.bps" in said

    run(story)


def test_answers_equal_those_of_rest(agents: Agents, owner: Caller, sold: dict[str, Any]) -> None:
    owned = "/v1/admin/affiliate/programs"
    program, partner = sold["program_id"], {"affiliate_id": sold["affiliate_id"]}
    reads: dict[str, tuple[dict[str, Any], str]] = {
        "affiliate_programs_list": ({}, owned),
        "affiliate_programs_get": ({"program_id": program}, f"{owned}/{program}"),
        "affiliate_affiliates_list": ({"program_id": program}, f"{owned}/{program}/affiliates"),
        "affiliate_conversions_list": ({"program_id": program, **partner}, f"{owned}/{program}/conversions"),
        "explain": ({"id": sold["payment_id"]}, "/api/v1/explanations"),
        "unattributed_list": ({"limit": 5}, "/api/v1/payments"),
        "waiting_list": ({}, "/api/v1/waiting"),
    }

    async def story() -> None:
        async with agents.connect(owner.key) as agent:
            for tool, (arguments, path) in reads.items():
                result = await agent.call(tool, **arguments)
                query = {name: value for name, value in arguments.items() if name != "program_id"}
                fixed = {"attributed": "false"} if tool == "unattributed_list" else {}
                assert result.structured_content == owner.get(path, **query, **fixed).json, tool
                assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]

    run(story)
