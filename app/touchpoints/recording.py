"""Inserting touchpoints, and the format of session ids."""

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
"""The format of a session id. Lower case only, because client references are compared in lower case."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One arrival through a partner's link, without anything that identifies the visitor.

    Attributes:
        source: `link` for the redirect, `beacon` for a call from a merchant's own page.
        utm: the link's `utm_…` parameters, of `source`, `medium`, `campaign`, `term` and `content`.
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


_INSERT = text("""
    INSERT INTO touchpoints (id, organization_id, program_id, partner_id, code, session_id, source, touched_at,
                             landing, referrer, utm, address_hash, agent_hash)
    VALUES (:id, :organization_id, :program_id, :partner_id, :code, :session_id, :source, :touched_at,
            :landing, :referrer, CAST(:utm AS jsonb), :address_hash, :agent_hash)
    ON CONFLICT DO NOTHING
""")


def insert_touchpoint(connection: Connection, touch: Touch) -> None:
    """Insert a touchpoint in one statement. Does nothing if its id exists already."""
    values = {name: getattr(touch, name) for name in Touch.__slots__}
    connection.execute(_INSERT, {**values, "utm": bulk.encode_one(touch.utm)})


def session_id_or_new(sent: str | None) -> str:
    """The session id the visitor sent, in lower case, if its format is valid; else a new random one."""
    folded = (sent or "").strip().lower()
    return folded if SESSION.fullmatch(folded) else secrets.token_hex(16)
