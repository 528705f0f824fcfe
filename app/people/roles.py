"""Roles of people: what each may do, in the words of the permissions that API keys have. Pure."""

from typing import Final, Literal, get_args

from app.organizations.permissions import PERMISSIONS

Role = Literal["owner", "manager", "viewer"]
ROLES: Final[tuple[str, ...]] = get_args(Role)
OWNER: Final = "owner"
OWNERS_ONLY: Final = frozenset(
    {"keys:read", "keys:write", "people:read", "people:write", "endpoints:write", "payout_settings:write"}
)
"""What only owners may do: API keys, people, the secrets of Stripe endpoints, and the account that payouts leave."""
MANAGERS: Final = frozenset(PERMISSIONS) - OWNERS_ONLY
VIEWERS: Final = frozenset(permission for permission in MANAGERS if permission.endswith(":read"))


def scopes_of(role: str) -> frozenset[str]:
    """The permissions of a role, as the scopes of a manage key.

    None for an owner: like a key without scopes it has all permissions, also those that are added later.
    """
    if role == OWNER:
        return frozenset()
    return MANAGERS if role == "manager" else VIEWERS
