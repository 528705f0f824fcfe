"""Permissions of API keys by level and scopes, and the caller that a key or a session of a person identifies. Pure.

A permission is named `<resource>:read` or `<resource>:write`. A key without scopes has all permissions of its level:
`read` has the reads that are not financial, `manage` has all. A key with scopes has exactly these, with either level.
An affiliate's key has at most the permissions of `PARTNER_SIDE`.
"""

from collections.abc import Collection
from typing import Final, Literal, get_args
from uuid import UUID

from app.immutable import immutable

Level = Literal["read", "manage"]
Kind = Literal["merchant", "affiliate"]
Permission = Literal[
    "programs:read",
    "programs:write",
    "partners:read",
    "partners:write",
    "conversions:read",
    "conversions:write",
    "commissions:read",
    "payouts:read",
    "payouts:write",
    "payout_settings:write",
    "payments:read",
    "payments:write",
    "events:read",
    "events:write",
    "endpoints:read",
    "endpoints:write",
    "runs:read",
    "runs:write",
    "exports:read",
    "exports:write",
    "webhooks:read",
    "webhooks:write",
    "referrals:read",
    "referrals:write",
    "signups:read",
    "signups:write",
    "imports:read",
    "imports:write",
    "mails:read",
    "mails:write",
    "audit:read",
    "keys:read",
    "keys:write",
    "people:read",
    "people:write",
    "organizations:read",
    "organizations:write",
]

LEVELS: Final[tuple[str, ...]] = get_args(Level)
PERMISSIONS: Final[tuple[str, ...]] = get_args(Permission)
FINANCIAL: Final = frozenset(
    {
        "conversions:read",
        "commissions:read",
        "payouts:read",
        "payments:read",
        "runs:read",
        "exports:read",
        "webhooks:read",
        "referrals:read",
        "signups:read",
        "imports:read",
        "mails:read",
        "audit:read",
        "people:read",
    }
)
"""Reads of earnings, payments and decisions, and of what is sent about them.

Without a scope they need a manage key, as every write does.
"""

PARTNER_SIDE: Final = frozenset({"partners:read", "partners:write", "commissions:read", "payouts:read"})
"""The permissions that an affiliate's key can have: reading and accepting its enrollments, reading its earnings."""


def default_scopes(kind: str, level: str) -> tuple[str, ...]:
    """The scopes of a key that is created without any: none for a merchant, so that it has all of its level.

    An affiliate's key gets explicit scopes, so that it has no more if its organization becomes a merchant.
    """
    if kind == "merchant":
        return ()
    return tuple(sorted(name for name in PARTNER_SIDE if level == "manage" or _is_plain_read(name)))


@immutable
class Caller:
    """The caller of a request, identified by its API key, or a person who is signed in to the pages.

    A person has the level `manage` and, unless its role has all permissions, the scopes of its role.

    Attributes:
        key_id: the key; None for a person.
        organization_id: the key's organization; the one that the person's pages show.
        organization_ids: that organization and its descendants, whose rows the caller may access.
        kind: the organization's kind.
        livemode: whether the caller sees and makes live money or test money.
        is_agent: whether an agent uses the key, over MCP.
        person_id: the person; None for a key.
    """

    key_id: UUID | None
    organization_id: UUID
    organization_ids: tuple[UUID, ...]
    level: str
    scopes: frozenset[str]
    livemode: bool
    kind: str = "affiliate"
    is_agent: bool = False
    person_id: UUID | None = None

    @property
    def identity(self) -> str:
        """Identifies the caller in stored responses and in counts of requests."""
        return str(self.key_id or self.person_id)

    def may_give(self, level: str, scopes: Collection[str]) -> bool:
        """Whether a new key with this level and these scopes would have at most this key's permissions.

        A key with scopes cannot create a key without scopes, which would have all permissions of its level, also future
        ones. Example: `read` with `keys:write` and `events:read` may create `read` with `events:read`, but not
        `manage`, `read` without scopes, or `partners:read`.
        """
        if self.level != "manage" and level == "manage":
            return False
        if self.scopes:
            return bool(scopes) and self.scopes.issuperset(scopes)
        return all(map(self.may, scopes))

    def may(self, permission: str) -> bool:
        """Whether the key has `permission`.

        Example: a `read` key without scopes has `partners:read` but not `commissions:read`, which needs a scope.
        """
        if self.kind != "merchant" and permission not in PARTNER_SIDE:
            return False
        if self.scopes:
            return permission in self.scopes
        return self.level == "manage" or _is_plain_read(permission)


def _is_plain_read(permission: str) -> bool:
    return permission.endswith(":read") and permission not in FINANCIAL
