"""One story over every transport: a partner joins, a customer pays, the owner approves and pays, and asks why."""

import pytest

from app.config import Settings
from tests.api.conftest import Caller
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from worker.payouts import reserving

from .agents import Agent, Agents, Body, run, serving

WAYS = [
    pytest.param(("memory", "auto"), id="memory"),
    pytest.param(("memory", "legacy"), id="memory-with-handshake"),
    pytest.param(("http", "auto"), id="http"),
    pytest.param(("http", "legacy"), id="http-with-handshake"),
    pytest.param(("stdio", "auto"), id="stdio", marks=pytest.mark.proof),
]
ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
OFFER = {
    "name": "Agents",
    "status": "active",
    "commission": {"type": "percentage", "bps": 2000},
    "holdback_days": 30,
    "open_signup": True,
}
ZOE = {"name": "Zoe van Dyke", "email": "zoe@example.com"}


async def join(agents: Agents, manager: Agent) -> tuple[str, Body]:
    """The new program's id, and what the partner got that signed up for it and was approved."""
    program = (await manager.does("affiliate_programs_create", **OFFER))["id"]
    async with agents.connect(None) as anyone:
        assert await anyone.tools() == {"affiliate_signup"}
        joined = await anyone.does("affiliate_signup", program_id=program, **ZOE)
        refused = await anyone.is_refused("affiliate_programs_list")
    assert (joined["status"], refused["code"]) == ("pending", "unauthenticated")
    approved = await manager.does("affiliate_affiliate_approve", program_id=program, affiliate_id=joined["partner_id"])
    assert approved["status"] == "active"
    return program, joined


async def read_earnings(zoe: Agent, program: str, code: str) -> None:
    enrolled = (await zoe.does("affiliate_my_programs_list"))["data"]
    assert [(each["id"], each["enrollment_status"]) for each in enrolled] == [(program, "active")]
    assert (await zoe.does("affiliate_my_referral_get", program_id=program))["code"] == code
    [earned] = (await zoe.does("affiliate_my_stats_get"))["data"]
    assert (earned["currency"], earned["pending_cents"]) == ("usd", 980)
    assert (await zoe.does("affiliate_my_balance_get"))["data"][0]["accrued_cents"] == 980


async def approve(manager: Agent, program: str) -> None:
    [conversion] = (await manager.does("affiliate_conversions_list", program_id=program))["data"]
    decided = await manager.does(
        "affiliate_conversion_approve", program_id=program, conversion_id=conversion["id"], reason="checked"
    )
    assert decided["status"] == "approved"
    assert (await manager.does("affiliate_analytics_get", program_id=program, leaders=3))["program_id"] == program


async def pay(manager: Agent, program: str) -> None:
    shown = (await manager.does("affiliate_payout_preview", program_id=program))["data"]
    assert [(each["net_cents"], each["currency"]) for each in shown["payouts"]] == [(980, "usd")]
    refused = await manager.is_refused("affiliate_payout_run", program_id=program)
    assert (refused["code"], refused["param"]) == ("invalid_request", "preview_token")
    made = await manager.does("affiliate_payout_run", program_id=program, preview_token=shown["preview_token"])
    assert made["data"]["status"] == "reserving"


@pytest.mark.parametrize("way", WAYS)
def test_an_agent_enrolls_reads_approves_pays_and_explains(
    request: pytest.FixtureRequest,
    way: tuple[str, str],
    settings: Settings,
    owner: Caller,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
) -> None:
    transport, mode = way

    async def story(agents: Agents) -> None:
        # A process for each agent takes seconds to start: only the proof starts one for the partner's agents too.
        is_short = transport == "stdio" and not request.config.getoption("--proofs")
        others = Agents(settings, "memory") if is_short else agents
        async with agents.connect(owner.key) as manager:
            assert manager.client.protocol_version == ERAS[mode]
            program, joined = await join(others, manager)
            deliver(Customer(CLOVER, Marks(subscription=joined["code"])).subscribes().events)
            drain()
            async with others.connect(joined["api_key"]) as zoe:
                await read_earnings(zoe, program, joined["code"])
                await approve(manager, program)
                to = {"payout_method": "paypal", "payout_email": "zoe@wallet.example"}
                assert owner.patch(f"/api/v1/partners/{joined['partner_id']}", to).status_code == 200
                await pay(manager, program)
                reserving.work_slice(60)
                [payout] = (await zoe.does("affiliate_my_payouts_list"))["data"]
                assert payout["net_cents"] == 980
            [commission] = owner.get("/api/v1/commissions").json["commissions"]
            told = await manager.does("explain", id=commission["id"])
            assert any("20 % of 49.00 USD" in sentence for sentence in told["sentences"]), told["sentences"]

    if transport == "http":
        with serving(settings) as url:
            run(lambda: story(Agents(settings, transport, url, mode)))
    else:
        run(lambda: story(Agents(settings, transport, mode=mode)))
    ledger()
    audited = owner.get("/api/v1/audit", actor="mcp").json["data"]
    assert {entry["actor"].partition("_")[0] for entry in audited} == {"mcp", "mcp:key"}
    assert {"program.created", "partner.signed_up", "conversion.approved", "payout_run.created"} <= {
        entry["action"] for entry in audited
    }
