"""Scope: the organization, account and mode that a Stripe id belongs to."""

from typing import NamedTuple, Protocol
from uuid import UUID


class Scoped(Protocol):
    """A row with a scope: an event, a payment, a Stripe object, a run."""

    organization_id: UUID
    account: str
    livemode: bool


class Scope(NamedTuple):
    """The scope of a Stripe id: the same `pi_…` in another account or mode is a different object."""

    organization_id: UUID
    account: str
    """A connected account's `acct_…`; '' for the organization's own Stripe account."""
    livemode: bool

    @classmethod
    def of(cls, row: Scoped) -> "Scope":
        """The scope of this row."""
        return cls(row.organization_id, row.account, row.livemode)

    def parameters(self) -> dict[str, object]:
        """The scope as the SQL parameters `organization_id`, `account`, `livemode`."""
        return self._asdict()


SCOPE_SQL = "organization_id = :organization_id AND account = :account AND livemode = :livemode"
"""The SQL condition for the parameters of `Scope.parameters`."""
