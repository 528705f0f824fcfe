"""Options for a program's terms and landing page, shared by several commands."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

import typer

from app.errors import InvalidRequest
from app.immutable import immutable
from app.partners.validation import bps_of

MOST_PERCENT: Final = 100
DEFAULT_COMMISSION: Final = {"type": "percentage", "bps": 2000}
DEFAULT_HOLDBACK_DAYS: Final = 30
NO_HOST: Final = "none"

LandingUrl = Annotated[
    str | None,
    typer.Option("--landing-url", help="The page that partners' links lead to, https://…", show_default=False),
]
LandingHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--landing-host",
        metavar="HOST",
        help="Another host that links may lead to and pages may be on, such as app.example.com. May be repeated; "
        "the given ones replace the former. none: only the host of the landing page.",
        show_default=False,
    ),
]
Rate = Annotated[
    str | None,
    typer.Option("--rate", metavar="PERCENT", help="Commission in percent: 30 or 12.5.", show_default=False),
]
MaxMonths = Annotated[
    int | None,
    typer.Option(
        "--max-months",
        min=1,
        max=1200,
        help="Pay for this many months of each customer. Default: no limit.",
        show_default=False,
    ),
]
HoldbackDays = Annotated[
    int | None,
    typer.Option("--holdback-days", min=0, max=3650, help="Days until a commission is approved.", show_default=False),
]


@immutable
class Offer:
    """The terms and the landing page that were given on the command line."""

    rate: str | None = None
    max_months: int | None = None
    holdback_days: int | None = None
    landing_url: str | None = None
    landing_hosts: Sequence[str] | None = None

    def changes(self, commission: Mapping[str, Any]) -> dict[str, Any]:
        """The given options as arguments of `program_commands`; a rate or limit changes `commission`.

        Raises:
            InvalidRequest: the rate is no percentage.
        """
        from app.programs.shapes import shape_of

        changed = dict(commission) if self.rate is None else shape_of(commission).with_rate(rate_bps(self.rate))
        if self.max_months is not None:
            changed["max_months"] = self.max_months
        options = {
            "commission": None if changed == commission else changed,
            "holdback_days": self.holdback_days,
            "landing_url": self.landing_url,
            "landing_hosts": [] if self.landing_hosts == [NO_HOST] else self.landing_hosts,
        }
        return {name: value for name, value in options.items() if value is not None}


def rate_bps(text: str) -> int:
    """A percentage of at most two decimals in basis points. Raises InvalidRequest."""
    return bps_of(percent(text))


def percent(text: str) -> Decimal:
    """A percentage of at most two decimals: "30", "12.5" or "12.5%". Raises InvalidRequest."""
    try:
        percentage = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        percentage = Decimal("NaN")
    if not percentage.is_finite() or not 0 <= percentage <= MOST_PERCENT or percentage * 100 % 1:
        message = f'rate "{text}" is no percentage; give 0 to 100 with at most two decimals, such as 30 or 12.5'
        raise InvalidRequest(message, param="rate")
    return percentage
