"""Whether the public address is https and leads to this version of Accrual, and whether MCP accepts its host."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from app.doctor import clocks
from app.doctor.checks import links
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.errors import CallFailed
from app.runtime import http_client
from app.version import VERSION

TIMEOUT_SECONDS: Final = 5.0
MISDIRECTED: Final = 421
"""The status by which the MCP server refuses a request for a host that is not on its list."""
CANNOT_WRITE: Final = ("disk_full", "read_only")


def check(examined: Examined) -> Iterator[Finding]:
    """Ask `/healthz`, `/readyz` and `/mcp` at the public address, as another machine would."""
    url = examined.settings.public_url
    if url.startswith("http://") and not links.is_local(urlsplit(url).hostname or ""):
        yield found("public_url_not_https", url=url)
    try:
        health = http_client.send("GET", f"{url}/healthz", timeout_seconds=TIMEOUT_SECONDS)
        yield from clocks.difference("web", health.dated_at, datetime.now(UTC))
        if not isinstance(health.content, Mapping) or "version" not in health.content:
            yield found("public_url_other_server", url=url, status=health.status)
            return
        if health.content["version"] != VERSION:
            yield found("public_url_other_version", url=url, version=str(health.content["version"]), own=VERSION)
        ready = http_client.send("GET", f"{url}/readyz", timeout_seconds=TIMEOUT_SECONDS)
        if isinstance(ready.content, Mapping) and ready.content.get("database") in CANNOT_WRITE:
            yield found("database_cannot_write", state=ready.content["database"])
        mcp = http_client.send("POST", f"{url}/mcp", b"{}", timeout_seconds=TIMEOUT_SECONDS)
        if mcp.status == MISDIRECTED:
            yield found("mcp_host_refused", url=f"{url}/mcp", host=urlsplit(url).netloc)
    except CallFailed as failure:
        yield found("public_url_unreachable", url=url, problem=failure.problem)
