"""Inserting touchpoints, and the format of session ids."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from app import bulk, direct
from app.immutable import immutable

SESSION: Final = re.compile(r"[a-z0-9][a-z0-9_-]{7,99}", re.ASCII)
"""The format of a session id. Lower case only, because client references are compared in lower case."""


@immutable
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


_INSERT = direct.Statement("""
    INSERT INTO touchpoints (id, organization_id, program_id, partner_id, code, session_id, source, touched_at,
                             landing, referrer, utm, address_hash, agent_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CAST($11 AS jsonb), $12, $13)
    ON CONFLICT DO NOTHING
""")


def insert_touchpoint(connection: direct.Connection, touch: Touch) -> None:
    """Insert a touchpoint in one statement. Does nothing if its id exists already."""
    connection.execute(
        _INSERT,
        touch.id,
        touch.organization_id,
        touch.program_id,
        touch.partner_id,
        touch.code,
        touch.session_id,
        touch.source,
        touch.touched_at,
        touch.landing,
        touch.referrer,
        bulk.encode_one(touch.utm),
        touch.address_hash,
        touch.agent_hash,
    )


def session_id_or_new(sent: str | None) -> str:
    """The session id the visitor sent, in lower case, if its format is valid; else a new random one."""
    folded = (sent or "").strip().lower()
    return folded if SESSION.fullmatch(folded) else secrets.token_hex(16)
