"""The target of a partner's link, cached for five seconds, and for longer while the database is unreachable."""

import time
from collections.abc import Collection, Hashable, Mapping
from typing import Any, Final, cast
from uuid import UUID

from app import direct, ids
from app.immutable import immutable
from app.touchpoints import targets

CACHE_SECONDS: Final = 5
"""How old a cached link may be: a paused partner or a new landing page takes effect within this time."""
PAUSE_SECONDS: Final = 1.0
"""After a failed database call no call is made for this long, so that visitors do not wait for its time-outs."""
MAX_CACHED: Final = 10_000


@immutable
class Link:
    """A link as the redirect needs it: program, partner, landing page and allowed hosts.

    Attributes:
        code: the partner's code as stored; "" if no partner has the code, or the partner or program is not active.
        partner_id: None in the same cases: the visitor is redirected and no partner is credited.
        landing_url: None if the program has no landing page yet.
        hosts: hosts the link may lead to, lower case, with the port unless it is the default one.
        window_days: how long the browser remembers the visitor's code and session.
        sets_cookie: whether the link sets the cookie at once; if not, the visitor's consent is needed first.
        cookie_domain: the domain of the owner's cookie; None: that of the host which the link has.
    """

    organization_id: UUID
    program_id: UUID
    partner_id: UUID | None
    code: str
    landing_url: str | None
    hosts: frozenset[str]
    window_days: int
    sets_cookie: bool
    cookie_domain: str | None


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

    def load_program(self, connection: direct.Connection, program_id: str) -> Link | None:
        """A program as a link that credits no partner, also if it has no landing page; cached. None: there is none."""
        loaded_at, link = self._cache.get(program_id, (0.0, None))
        if link is not None and time.monotonic() - loaded_at < CACHE_SECONDS:
            return cast("Link", link)
        for row in connection.fetch(_PROGRAM, {"program_id": _decode(program_id)}):
            link = _link(row, None, "")
            self._store(program_id, link)
            return link
        return None

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


_COLUMNS = """
    programs.organization_id, programs.id AS program_id, programs.landing_url, programs.landing_hosts,
    programs.attribution_window_days AS window_days, programs.link_cookie = 'on' AS sets_cookie,
    cookie_domains.domain AS cookie_domain
"""

# A code is unique within one owner. If several owners on one server have the same code, the link without a program
# belongs to the partner that got the code first.
_FIND = f"""
    SELECT codes.code, partners.id AS partner_id, {_COLUMNS},
           partners.status = 'active' AND programs.status = 'active' AS is_active
    FROM partner_codes AS codes
    JOIN partners ON partners.id = codes.partner_id
    JOIN programs ON programs.id = partners.program_id
    LEFT JOIN cookie_domains ON cookie_domains.organization_id = programs.organization_id
    WHERE codes.code = %(code)s AND (CAST(%(program_id)s AS uuid) IS NULL OR programs.id = %(program_id)s)
    ORDER BY codes.created_at, codes.partner_id LIMIT 1
"""

# If no partner has the code: the program of the request, else the default program of the first merchant on this server.
# So another merchant that is added later never changes the target of a link.
_LANDING = f"""
    SELECT {_COLUMNS}
    FROM programs LEFT JOIN cookie_domains USING (organization_id)
    WHERE landing_url IS NOT NULL
      AND CASE WHEN CAST(%(program_id)s AS uuid) IS NULL
          THEN is_default AND organization_id = (SELECT organization_id FROM programs ORDER BY created_at, id LIMIT 1)
          ELSE id = %(program_id)s END
"""

_PROGRAM = f"""
    SELECT {_COLUMNS} FROM programs LEFT JOIN cookie_domains USING (organization_id) WHERE id = %(program_id)s
"""

# Codes are unique within an owner, so the page of one program knows the codes of the owner's other programs too.
_CREDITED = """
    SELECT codes.code, partners.program_id
    FROM partner_codes AS codes
    JOIN partners ON partners.id = codes.partner_id
    JOIN programs ON programs.id = partners.program_id
    WHERE codes.organization_id = %(organization_id)s AND codes.code = ANY(%(codes)s)
      AND partners.status = 'active' AND programs.status = 'active'
"""

_HAS_PAGES = """
    SELECT EXISTS (
        SELECT FROM programs
        WHERE %(host)s = ANY(landing_hosts) OR lower(substring(landing_url FROM '^https?://([^/?#]+)'))
              IN (%(host)s, %(host)s || CASE WHEN starts_with(landing_url, 'https:') THEN ':443' ELSE ':80' END)
    ) AS has_pages
"""


def credited_codes(connection: direct.Connection, organization_id: UUID, codes: Collection[str]) -> Mapping[str, UUID]:
    """Of these codes, those that credit an active partner of this owner, with the partner's program."""
    rows = connection.fetch(_CREDITED, {"organization_id": organization_id, "codes": list(codes)}) if codes else []
    return {row.code: row.program_id for row in rows}


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
    return Link(
        row.organization_id,
        row.program_id,
        partner_id,
        code,
        row.landing_url,
        targets.hosts_of(row.landing_url, row.landing_hosts),
        row.window_days,
        row.sets_cookie,
        row.cookie_domain,
    )
