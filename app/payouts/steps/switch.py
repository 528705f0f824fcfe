"""The switch `ACCRUAL_PAYOUTS_LIVE`: while it is off, nothing is paid. Bookkeeping of what has left always works."""

from app.config import Settings
from app.errors import Forbidden


def require_on(settings: Settings) -> None:
    """Return if payouts may be made. Raises Forbidden: `payouts_disabled`."""
    if not settings.payouts_live:
        raise Forbidden(
            "payouts are switched off: set ACCRUAL_PAYOUTS_LIVE=true and restart; previews work without it",
            code="payouts_disabled",
        )
