"""The target of a partner's link, cached for five seconds, and for longer while the database is unreachable."""

import re
import time
from collections.abc import Hashable
from typing import Any, Final
from uuid import UUID

from app import direct, ids
from app.immutable import immutable

CACHE_SECONDS: Final = 5
"""How old a cached link may be: a paused partner or a new landing page takes effect within this time."""
PAUSE_SECONDS: Final = 1.0
"""After a failed database call no call is made for this long, so that visitors do not wait for its time-outs."""
MAX_CACHED: Final = 10_000
_HOST: Final = re.compile(r"https?://([^/?#]+)")


@immutable
class Link:
    """A link as the redirect needs it: program, partner, landing page and allowed hosts.

    Attributes:
        code: the partner's code as stored; "" if no partner has the code, or the partner or program is not active.
        partner_id: None in the same cases: the visitor is redirected and no partner is credited.
        landing_url: None if the program has no landing page yet.
        hosts: hosts the link may lead to, lower case, with the port unless it is the default one.
        window_days: how long the browser stores the visitor's session.
    """

    organization_id: UUID
    program_id: UUID
    partner_id: UUID | None
    code: str
    landing_url: str | None
    hosts: frozenset[str]
    window_days: int


class Links:
    """The cache of links in one web process."""

    def __init__(self) -> None:
        self._cache: dict[Hashable, tuple[float, Any]] = {}
        self._paused_until = 0.0

    def cached(self, code: str, program_id: str) -> tuple[bool, Link | None]:
        """Whether the cached link is younger than `CACHE_SECONDS`, and the cached link however old it is."""
        loaded_at, link = self._cache.get((code, program_id), (0.0, None))
        return link is not None and time.monotonic() - loaded_at < CACHE_SECONDS, link

    @property
    def is_paused(self) -> bool:
        """Whether a database call failed less than `PAUSE_SECONDS` ago, so that none should be made now."""
        return time.monotonic() < self._paused_until

    def pause(self) -> None:
        """Make no database calls for `PAUSE_SECONDS`."""
        self._paused_until = time.monotonic() + PAUSE_SECONDS

    def load(self, connection: direct.Connection, code: str, program_id: str) -> Link | None:
        """The link as the database has it now; None if it has no target. Caches only links that credit a partner."""
        link = _load_link(connection, code, program_id)
        if link is not None and link.partner_id is not None:
            self._store((code, program_id), link)
        return link or _load_landing(connection, program_id)

    def is_landing_host(self, connection: direct.Connection, host: str) -> bool:
        """Whether any program has pages on this host; cached for `CACHE_SECONDS`."""
        loaded_at, cached = self._cache.get(host, (0.0, False))
        if time.monotonic() - loaded_at < CACHE_SECONDS:
            return bool(cached)
        [row] = connection.fetch(_HAS_PAGES, {"host": host})
        self._store(host, row.has_pages)
        return bool(row.has_pages)

    def _store(self, key: Hashable, value: Any) -> None:
        self._cache.pop(key, None)
        self._cache[key] = (time.monotonic(), value)
        while len(self._cache) > MAX_CACHED:
            self._cache.pop(next(iter(self._cache)), None)


# A code is unique within one owner. If several owners on one server have the same code, the link without a program
# belongs to the partner that got the code first.
_FIND = """
    SELECT codes.code, partners.id AS partner_id, programs.organization_id, programs.id AS program_id,
           programs.landing_url, programs.landing_hosts, programs.attribution_window_days AS window_days,
           partners.status = 'active' AND programs.status = 'active' AS is_active
    FROM partner_codes AS codes
    JOIN partners ON partners.id = codes.partner_id
    JOIN programs ON programs.id = partners.program_id
    WHERE codes.code = %(code)s AND (CAST(%(program_id)s AS uuid) IS NULL OR programs.id = %(program_id)s)
    ORDER BY codes.created_at, codes.partner_id LIMIT 1
"""

# If no partner has the code: the program of the request, else the default program of the first merchant on this server.
# So another merchant that is added later never changes the target of a link.
_LANDING = """
    SELECT organization_id, id AS program_id, landing_url, landing_hosts, attribution_window_days AS window_days
    FROM programs WHERE landing_url IS NOT NULL
      AND CASE WHEN CAST(%(program_id)s AS uuid) IS NULL
          THEN is_default AND organization_id = (SELECT organization_id FROM programs ORDER BY created_at, id LIMIT 1)
          ELSE id = %(program_id)s END
"""

_HAS_PAGES = """
    SELECT EXISTS (
        SELECT FROM programs
        WHERE %(host)s = ANY(landing_hosts) OR lower(substring(landing_url FROM '^https?://([^/?#]+)')) = %(host)s
    ) AS has_pages
"""


def _load_link(connection: direct.Connection, code: str, program_id: str) -> Link | None:
    for row in connection.fetch(_FIND, {"code": code, "program_id": _decode(program_id)}):
        return _link(row, row.partner_id if row.is_active else None, row.code if row.is_active else "")
    return None


def _load_landing(connection: direct.Connection, program_id: str) -> Link | None:
    for row in connection.fetch(_LANDING, {"program_id": _decode(program_id)}):
        return _link(row, None, "")
    return None


def _decode(public_id: str) -> UUID | None:
    return ids.decode(public_id, ids.PROGRAM)


def _link(row: Any, partner_id: UUID | None, code: str) -> Link:
    landing_host = _HOST.match(row.landing_url or "")
    hosts = {*row.landing_hosts, *([landing_host[1].lower()] if landing_host else [])}
    return Link(
        row.organization_id, row.program_id, partner_id, code, row.landing_url, frozenset(hosts), row.window_days
    )
