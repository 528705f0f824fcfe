"""The endpoint over HTTP: who may speak to it, by which name, and in which era of the protocol."""

import json
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from mcp.server.transport_security import TransportSecurityMiddleware
from sqlalchemy.exc import OperationalError

from app.config import Settings
from app.mcp import http
from app.organizations import keys, request_limits
from tests.api.conftest import Caller
from tests.conftest import UNLIMITED

ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
SECRET = "zoe-at-example"
WRONG = {"name": SECRET, "email": f"{SECRET}@", "program_id": SECRET}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}
MODERN = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}


def post(url: str, body: Any, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    return httpx2.post(url, content=json.dumps(body), headers={**ACCEPT, **(headers or {})}, timeout=30)


def test_one_endpoint_answers_both_eras_without_a_session(url: str, owner: Caller) -> None:
    key = {"Authorization": f"Bearer {owner.key}"}
    hello = post(url, HELLO, key)
    assert (hello.status_code, hello.json()["result"]["protocolVersion"]) == (200, "2025-06-18")
    assert "mcp-session-id" not in hello.headers
    assert (len(hello.headers["X-Request-Id"]), hello.headers["Cache-Control"]) == (32, "no-store")
    legacy = post(url, LIST, {**key, "MCP-Protocol-Version": "2025-06-18"}).json()["result"]["tools"]
    headers = {**key, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
    modern = post(url, {**LIST, "params": MODERN}, headers).json()["result"]["tools"]
    assert {tool["name"] for tool in legacy} == {tool["name"] for tool in modern} >= {"explain", "affiliate_payout_run"}


def test_unknown_and_revoked_keys_are_refused_and_no_key_lists_the_public_tool(
    url: str, owner: Caller, settings: Settings
) -> None:
    for authorization in ("Bearer aff_test_guessed", "Bearer", "Basic YTpi"):
        refused = post(url, LIST, {"Authorization": authorization})
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert refused.json()["error"]["code"] == "unauthenticated"
    tools = post(url, LIST).json()["result"]["tools"]
    assert [tool["name"] for tool in tools] == ["affiliate_signup"]
    [listed] = [key for key in owner.get("/api/v1/api-keys").json["data"] if not key["revoked_at"]]
    assert owner.call("DELETE", f"/api/v1/api-keys/{listed['id']}").status_code == 200
    assert post(url, LIST, {"Authorization": f"Bearer {owner.key}"}).status_code == 401
    request_limits.connect(settings.model_copy(update={"writes_per_minute": 2}))
    guesses = [post(url, LIST, {"Authorization": "Bearer aff_test_guess"}) for _ in range(3)]
    request_limits.connect(settings.model_copy(update={"writes_per_minute": UNLIMITED}))
    assert (guesses[-1].status_code, guesses[-1].headers["Retry-After"]) == (429, "60")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:8001"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8000"}, 200),
    ],
)
def test_only_the_hosts_of_this_installation_are_answered(url: str, headers: dict[str, str], status: int) -> None:
    assert post(url, LIST, headers).status_code == status


def test_the_public_address_is_allowed_with_and_without_a_port() -> None:
    checks = TransportSecurityMiddleware(http.allowed("https://partners.example.com"))
    hosts = ("partners.example.com", "partners.example.com:8001", "[::1]:9", "example.com", "partners.example.com.evil")
    assert [checks._validate_host(host) for host in hosts] == [True, True, True, False, False]
    assert checks._validate_origin("https://partners.example.com")
    assert not checks._validate_origin("https://partners.example.com.evil")


def test_other_methods_and_too_large_bodies_are_refused(url: str) -> None:
    assert httpx2.get(url, headers=ACCEPT).status_code == 405
    assert httpx2.delete(url).headers["Allow"] == "POST"
    assert post(url, {**LIST, "params": {"cursor": "x" * 1024 * 1024}}).status_code == 413


def test_a_lost_database_is_a_503_without_details(url: str, owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("secret"))

    monkeypatch.setattr(keys, "authenticate", away)
    answer = post(url, LIST, {"Authorization": f"Bearer {owner.key}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert "secret" not in answer.text


MALFORMED: tuple[Any, ...] = (
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"arguments": {"email": SECRET}}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": SECRET, "arguments": {"email": SECRET}}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "affiliate_signup", "arguments": [SECRET]}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "affiliate_signup", "arguments": WRONG}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": {"a": SECRET}}},
    {"jsonrpc": "2.0", "id": 1, "method": SECRET},
    {"jsonrpc": "2.0", "id": {"a": SECRET}, "method": "tools/list"},
    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": [SECRET]}},
    [SECRET],
    SECRET,
)


@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28"])
def test_what_a_malformed_message_holds_reaches_no_log(
    url: str, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    for message in MALFORMED:
        method = str(message["method"]) if isinstance(message, dict) else ""
        envelope = message
        if version == "2026-07-28" and isinstance(message, dict):
            envelope = {**message, "params": {**message.get("params", {}), **MODERN}}
        answer = post(url, envelope, {"MCP-Protocol-Version": version, "Mcp-Method": method})
        assert answer.status_code < 500, (message, answer.text)
    assert SECRET not in caplog.text
