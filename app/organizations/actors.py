"""Actors of commands: the caller (an API key, or a person who is signed in), an app user, the command line, the clock.

Every command takes an actor, passes it to the commands it calls, and writes it to the audit trail.
"""

from hashlib import sha256
from typing import Final, Literal, NewType
from uuid import UUID

from app import ids
from app.immutable import immutable
from app.organizations.permissions import Caller


@immutable
class AppUser:
    """A user of a merchant's own product, identified by a client key and a session token.

    Attributes:
        key_id: the client key.
        organization_id: the merchant.
        livemode: the mode of the client key.
        app_user_id: the merchant's own id of the user.
        claims_once: whether its users claim one referral code in all, and not each code once.
    """

    key_id: UUID
    organization_id: UUID
    livemode: bool
    app_user_id: str
    claims_once: bool

    @property
    def organization_ids(self) -> tuple[UUID, ...]:
        """The merchant alone, without organizations below it."""
        return (self.organization_id,)

    @property
    def identity(self) -> str:
        """Identifies the app user in counts and stored responses, without its id, which may be an e-mail address."""
        return f"{self.key_id}:{sha256(self.app_user_id.encode()).hexdigest()}"


StoredActor = NewType("StoredActor", str)
"""An actor as it was stored with what it asked for, which a job does later for it."""
Actor = Caller | AppUser | StoredActor | Literal["cli", "clock", "console", "mcp", "public"]

CLI: Final = "cli"
CLOCK: Final = "clock"
MCP: Final = "mcp"
"""An agent without a key, which signs up over MCP; before the id of a key, the agent that used the key."""
PUBLIC: Final = "public"
"""A person without a key, who signs up or is authorized by a token."""


def name_of(actor: Actor) -> str:
    """The actor as it is stored: the public id of a person or a key, or the actor's word.

    Before the id of a key that an agent used is `mcp:`.
    An app user is stored as its client key.
    """
    if isinstance(actor, AppUser):
        return ids.encode(ids.CLIENT_KEY, actor.key_id)
    if not isinstance(actor, Caller):
        return actor
    if actor.person_id is not None:
        return ids.encode(ids.PERSON, actor.person_id)
    assert actor.key_id is not None
    key_id = ids.encode(ids.API_KEY, actor.key_id)
    return f"{MCP}:{key_id}" if actor.is_agent else key_id
