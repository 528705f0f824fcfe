"""The cause of ledger entries that a request posts."""

from datetime import UTC, datetime

from flask import g

from app.commissions.settling.settlement import Cause


def this_request() -> Cause:
    """The cause for entries of the current request: its id and the present time."""
    return Cause(f"request:{g.request_id}", datetime.now(UTC))
