"""A call of a tool: who sent it, and what the function of the tool gets."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.commissions.settling.settlement import Cause
from app.config import Settings
from app.errors import RequestError, Unauthenticated
from app.immutable import immutable
from app.organizations.permissions import Caller

KEY_NEEDED: Final = "send an API key: `Authorization: Bearer aff_…`, or ACCRUAL_API_KEY for `accrual mcp`"


@immutable
class Sender:
    """Who sent a message.

    Attributes:
        caller: the caller that the API key identifies; None: there is no key.
        address: the network address that requests without a key are counted by.
        request_id: the id in the log, the audit trail and ledger entries.
        problem: why it is not known who the caller is, though there is a key; every call is answered with it.
    """

    caller: Caller | None
    address: str
    request_id: str
    problem: RequestError | SQLAlchemyError | None = None


@immutable
class Call:
    """A call of a tool that was admitted.

    Attributes:
        sender: who sent it.
        settings: the settings of this installation.
    """

    sender: Sender
    settings: Settings

    @property
    def caller(self) -> Caller:
        """The caller. Raises Unauthenticated without a key."""
        if self.sender.caller is None:
            raise Unauthenticated(KEY_NEEDED)
        return self.sender.caller

    def cause(self) -> Cause:
        """The cause for ledger entries of this call: its id and the present time."""
        return Cause(f"request:{self.sender.request_id}", datetime.now(UTC))
