"""The console's pages, all of them on one blueprint."""

from app.pages.console import (
    events,
    overview,
    partners,
    payments,
    payouts,
    people,
    programs,
    settings,
    statements,
    transfers,
)
from app.pages.console.frame import blueprint

__all__ = [
    "blueprint",
    "events",
    "overview",
    "partners",
    "payments",
    "payouts",
    "people",
    "programs",
    "settings",
    "statements",
    "transfers",
]
