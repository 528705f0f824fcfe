"""What a key may do: its level, its scopes, and the caller they make. Pure.

A permission is named `<what>:read` or `<what>:write`. A key without scopes may do all that its level allows: `read`
reads what is not financial, `manage` does everything. A key with scopes may do what they name and nothing else,
whatever its level. An affiliate's key never does more than `PARTNER_SIDE`, whatever its level and scopes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

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
    "payments:read",
    "payments:write",
    "events:read",
    "events:write",
    "endpoints:read",
    "endpoints:write",
    "runs:read",
    "runs:write",
    "audit:read",
    "keys:read",
    "keys:write",
    "organizations:read",
    "organizations:write",
]

LEVELS: Final[tuple[str, ...]] = get_args(Level)
PERMISSIONS: Final[tuple[str, ...]] = get_args(Permission)
FINANCIAL: Final = frozenset(
    {"conversions:read", "commissions:read", "payouts:read", "payments:read", "runs:read", "audit:read"}
)
"""Reads that show what somebody earns, paid or decided; without a scope they take a manage key, as every write does."""

PARTNER_SIDE: Final = frozenset({"partners:read", "partners:write", "commissions:read", "payouts:read"})
"""All that the keys of an affiliate may ever do: see and accept its enrollments, see what it earns."""


def default_scopes(kind: str, level: str) -> tuple[str, ...]:
    """The scopes of a key that is made without any: none for a merchant, which means all its level allows.

    An affiliate's are named, so that the key can do no more if its organization becomes a merchant.
    """
    if kind == "merchant":
        return ()
    return tuple(sorted(one for one in PARTNER_SIDE if level == "manage" or _is_plain_read(one)))


@dataclass(frozen=True)
class Caller:
    """Who is asking, as proved by an API key.

    Attributes:
        organization_id: whose key it is.
        organization_ids: that organization and its descendants: everything the key may touch.
        kind: of that organization.
    """

    key_id: UUID
    organization_id: UUID
    organization_ids: tuple[UUID, ...]
    level: str
    scopes: frozenset[str]
    kind: str = "affiliate"

    def may_give(self, level: str, scopes: Collection[str]) -> bool:
        """Whether a new key of this level and these scopes could do no more than this one.

        A key with scopes gives a few of its own and never none, which would mean all that the level allows, also what
        is invented later. Example: `read` with `keys:write` and `events:read` may give `read` with `events:read`; not
        `manage`, not `read` without scopes, not `partners:read`.
        """
        if self.level != "manage" and level == "manage":
            return False
        if self.scopes:
            return bool(scopes) and self.scopes.issuperset(scopes)
        return all(map(self.may, scopes))

    def may(self, permission: str) -> bool:
        """Whether the key allows `permission`.

        Example: a `read` key may `partners:read`, not `commissions:read`; with that very scope it may.
        """
        if self.kind != "merchant" and permission not in PARTNER_SIDE:
            return False
        if self.scopes:
            return permission in self.scopes
        return self.level == "manage" or _is_plain_read(permission)


def _is_plain_read(permission: str) -> bool:
    return permission.endswith(":read") and permission not in FINANCIAL
