"""Actors of commands: the caller with an API key, the command line, the clock, or a person without a key.

Every command takes an actor, passes it to the commands it calls, and writes it to the audit trail. A person who is
signed in to the pages will be another kind of actor; no command has to change for that.
"""

from typing import Final, Literal

from app import ids
from app.organizations.permissions import Caller

Actor = Caller | Literal["cli", "clock", "console", "mcp", "public"]

CLI: Final = "cli"
CLOCK: Final = "clock"
MCP: Final = "mcp"
"""An agent without a key, which signs up over MCP; before the id of a key, the agent that used the key."""
PUBLIC: Final = "public"
"""A person without a key, who signs up or is authorized by a token."""


def name_of(actor: Actor) -> str:
    """The actor as it is stored: the public id of a key, `mcp:` before it if an agent used it, or the actor's word."""
    if not isinstance(actor, Caller):
        return actor
    key_id = ids.encode(ids.API_KEY, actor.key_id)
    return f"{MCP}:{key_id}" if actor.is_agent else key_id
