"""What ledger entries that a request makes are put down to."""

from datetime import UTC, datetime

from flask import g

from app.commissions.settling.settlement import Cause


def this_request() -> Cause:
    """The present request at the present time, as the cause of entries."""
    return Cause(f"request:{g.request_id}", datetime.now(UTC))
