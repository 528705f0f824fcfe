"""Recording touchpoints: one statement, one round trip."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from app import bulk

SESSION: Final = re.compile(r"[a-z0-9][a-z0-9_-]{7,99}", re.ASCII)
"""What a session id may look like: it travels in client references, and names are compared in lower case."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One arrival through a partner's link, with nothing in it that says who arrived.

    Attributes:
        source: `link` for the redirect, `beacon` for a merchant's own page.
        utm: `source`, `medium`, `campaign`, `term`, `content`, as far as given.
    """

    id: UUID
    organization_id: UUID
    program_id: UUID
    partner_id: UUID
    code: str
    session_id: str
    source: Literal["link", "beacon"]
    touched_at: datetime
    landing: str = ""
    referrer: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    address_hash: str = ""
    agent_hash: str = ""


_RECORD = text("""
    INSERT INTO touchpoints (id, organization_id, program_id, partner_id, code, session_id, source, touched_at,
                             landing, referrer, utm, address_hash, agent_hash)
    VALUES (:id, :organization_id, :program_id, :partner_id, :code, :session_id, :source, :touched_at,
            :landing, :referrer, CAST(:utm AS jsonb), :address_hash, :agent_hash)
    ON CONFLICT DO NOTHING
""")


def record(connection: Connection, touch: Touch) -> None:
    """Write one touchpoint; writing it twice is writing it once."""
    values = {name: getattr(touch, name) for name in Touch.__slots__}
    connection.execute(_RECORD, {**values, "utm": bulk.encode_one(touch.utm)})


def session_of(given: str | None) -> str:
    """The session a visitor brings, if it can be one, else a fresh one that nobody can guess."""
    folded = (given or "").strip().lower()
    return folded if SESSION.fullmatch(folded) else secrets.token_hex(16)
