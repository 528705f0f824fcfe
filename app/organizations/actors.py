"""Who changes something: the caller behind an API key, the command line, the clock, or a person without a key.

Every command takes an actor, hands it on to the commands it calls, and writes it into the audit trail. A person who is
signed in to the pages will be one more kind of actor here; no command changes for that.
"""

from typing import Final, Literal

from app import ids
from app.organizations.permissions import Caller

Actor = Caller | Literal["cli", "clock", "console", "public"]

CLI: Final = "cli"
CLOCK: Final = "clock"
PUBLIC: Final = "public"
"""A person without a key, who proves by a token what may be done, or signs up."""


def name_of(actor: Actor) -> str:
    """The actor as it is stored: a key's public id, or the word it is."""
    return ids.encode(ids.API_KEY, actor.key_id) if isinstance(actor, Caller) else actor
