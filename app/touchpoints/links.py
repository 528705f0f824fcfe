"""Where a partner's link leads: looked up at most every five seconds, and remembered while the database is away."""

import re
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from app import ids

CACHE_SECONDS: Final = 5
"""How long a paused partner, or a new landing page, may go unnoticed by a web process."""
REST_SECONDS: Final = 1.0
"""After a failed call the database is left alone this long, so that visitors do not queue up behind its time-outs."""
MOST_REMEMBERED: Final = 10_000
_HOST: Final = re.compile(r"https?://([^/?#]+)")


@dataclass(frozen=True, slots=True)
class Link:
    """What the redirect must know.

    Attributes:
        code: as its partner has it; "" where nobody has what was asked for, or whoever has it is not active.
        partner_id: None likewise: the link leads on and credits nobody.
        landing_url: None where the program has none yet.
        hosts: where it may lead, lower case, with the port where it is not the usual one.
        window_days: how long the visitor's session is remembered.
    """

    organization_id: UUID
    program_id: UUID
    partner_id: UUID | None
    code: str
    landing_url: str | None
    hosts: frozenset[str]
    window_days: int


class Links:
    """The links of one web process."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[float, Any]] = {}
        self._resting_until = 0.0

    def cached(self, code: str, program_id: str) -> tuple[bool, Link | None]:
        """Whether the link was looked up lately, and what was found the last time, however long ago."""
        looked_up_at, link = self._known.get((code, program_id), (0.0, None))
        return link is not None and time.monotonic() - looked_up_at < CACHE_SECONDS, link

    @property
    def is_resting(self) -> bool:
        """Whether the database failed a moment ago and is left alone."""
        return time.monotonic() < self._resting_until

    def rest(self) -> None:
        """Leave the database alone for a second."""
        self._resting_until = time.monotonic() + REST_SECONDS

    def look_up(self, connection: Connection, code: str, program_id: str) -> Link | None:
        """The link in the database now; None if there is none. A code that nobody has is not remembered."""
        link = _find(connection, code, program_id)
        if link is not None and link.partner_id is not None:
            self._remember((code, program_id), link)
        return link or _landing(connection, program_id)

    def is_landing_host(self, connection: Connection, host: str) -> bool:
        """Whether any program's pages are there; asked at most every five seconds."""
        looked_up_at, found = self._known.get(host, (0.0, False))
        if time.monotonic() - looked_up_at < CACHE_SECONDS:
            return bool(found)
        is_there = bool(connection.execute(_HAS_PAGES, {"host": host}).scalar())
        self._remember(host, is_there)
        return is_there

    def _remember(self, key: Hashable, found: Any) -> None:
        self._known.pop(key, None)
        self._known[key] = (time.monotonic(), found)
        while len(self._known) > MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)), None)


# Codes are unique for each owner, and several may share a server: whoever had the code first keeps the bare link.
_FIND = text("""
    SELECT codes.code, partners.id AS partner_id, programs.organization_id, programs.id AS program_id,
           programs.landing_url, programs.landing_hosts, programs.attribution_window_days AS window_days,
           partners.status = 'active' AND programs.status = 'active' AS is_active
    FROM partner_codes AS codes
    JOIN partners ON partners.id = codes.partner_id
    JOIN programs ON programs.id = partners.program_id
    WHERE codes.code = :code AND (CAST(:program_id AS uuid) IS NULL OR programs.id = :program_id)
    ORDER BY codes.created_at, codes.partner_id LIMIT 1
""")

# Where no partner has the code: the program named, else the default program of the first merchant on this server. What
# another merchant does later never changes where it leads.
_LANDING = text("""
    SELECT organization_id, id AS program_id, landing_url, landing_hosts, attribution_window_days AS window_days
    FROM programs WHERE landing_url IS NOT NULL
      AND CASE WHEN CAST(:program_id AS uuid) IS NULL
          THEN is_default AND organization_id = (SELECT organization_id FROM programs ORDER BY created_at, id LIMIT 1)
          ELSE id = :program_id END
""")

_HAS_PAGES = text("""
    SELECT EXISTS (
        SELECT FROM programs
        WHERE :host = ANY(landing_hosts) OR lower(substring(landing_url FROM '^https?://([^/?#]+)')) = :host
    )
""")


def _find(connection: Connection, code: str, program_id: str) -> Link | None:
    row = connection.execute(_FIND, {"code": code, "program_id": _program(program_id)}).one_or_none()
    if row is None:
        return None
    return _link(row, row.partner_id if row.is_active else None, row.code if row.is_active else "")


def _landing(connection: Connection, program_id: str) -> Link | None:
    row = connection.execute(_LANDING, {"program_id": _program(program_id)}).one_or_none()
    return _link(row, None, "") if row else None


def _program(public_id: str) -> UUID | None:
    return ids.decode(public_id, ids.PROGRAM)


def _link(row: Any, partner_id: UUID | None, code: str) -> Link:
    own = _HOST.match(row.landing_url or "")
    hosts = {*row.landing_hosts, *([own[1].lower()] if own else [])}
    return Link(
        row.organization_id, row.program_id, partner_id, code, row.landing_url, frozenset(hosts), row.window_days
    )
