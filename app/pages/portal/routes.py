"""The portal's pages, all of them on one blueprint."""

from app.pages.portal import (
    commissions,
    links,
    notices,
    payout_account,
    payout_method,
    payouts,
    profile,
    programs,
    statements,
)
from app.pages.portal.frame import blueprint

__all__ = [
    "blueprint",
    "commissions",
    "links",
    "notices",
    "payout_account",
    "payout_method",
    "payouts",
    "profile",
    "programs",
    "statements",
]
