"""The portal's pages, all of them on one blueprint."""

from app.pages.portal import (
    agreement,
    commissions,
    links,
    notices,
    profile,
    programs,
    statements,
)
from app.pages.portal.frame import blueprint
from app.pages.portal.paying import accounts, methods, payouts

__all__ = [
    "accounts",
    "agreement",
    "blueprint",
    "commissions",
    "links",
    "methods",
    "notices",
    "payouts",
    "profile",
    "programs",
    "statements",
]
