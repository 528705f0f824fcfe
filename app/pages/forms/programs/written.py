"""What people write into the fields of programs and terms, as the values that commands take. Rates are in percent."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from app.pages.forms.fields import entries_of, minor_of


def _with_point(percent: object) -> object:
    """`12,5` as `12.5`: a rate has no thousands, so a comma can only be the decimal point."""
    return percent.replace(",", ".") if isinstance(percent, str) else percent


Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2), BeforeValidator(_with_point)]
Lines = Annotated[str, Field(max_length=20_000)]
"""A list, one entry on each line."""

_TIER: Final = re.compile(r"(\d{1,7})\s*[:;,=\s]\s*(\d{1,3}(?:[.,]\d{1,2})?)\s*%?", re.ASCII)
_PRODUCT: Final = re.compile(r"(\S+?)\s*[:;=\s]\s*(?:(\d{1,3}(?:[.,]\d{1,2})?)\s*%?|none)", re.ASCII)
_RATE: Final = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s*%?", re.ASCII)
_MINIMUM: Final = re.compile(r"([A-Za-z]{3})\s*[:;=\s]\s*([\d.,' ]+)", re.ASCII)


def bps_of(percent: Decimal) -> int:
    """A rate in percent, of at most two decimals, as basis points."""
    return int(percent * 100)


def percent_of(bps: int) -> str:
    """Basis points as they are written into a field: `percent_of(1250) == "12.5"`."""
    return f"{Decimal(bps).scaleb(-2).normalize():f}"


def tiers_of(lines: str) -> list[dict[str, int]]:
    """Tiers, one on each line: `10 25` is 25 % from 10 approved conversions on. Raises InvalidRequest."""
    return [
        {"min_conversions": int(found[1]), "bps": _bps(found[2])}
        for found in entries_of(lines, "tiers", _TIER, "10 25")
    ]


def product_rates_of(lines: str) -> list[dict[str, Any]]:
    """Rates of products, one on each line: `prod_A 50`, or `prod_B none`. Raises InvalidRequest."""
    return [
        {"product": found[1], **({"bps": _bps(found[2])} if found[2] else {"excluded": True})}
        for found in entries_of(lines, "product_rates", _PRODUCT, "prod_A 50")
    ]


def ladder_of(lines: str) -> list[dict[str, int]]:
    """The rates of uplines, that of level 1 on the first line. Raises InvalidRequest."""
    rates = (_bps(found[1]) for found in entries_of(lines, "multi_level", _RATE, "5"))
    return [{"level": level, "bps": bps} for level, bps in enumerate(rates, start=1)]


def minimums_of(lines: str) -> dict[str, int]:
    """Amounts by currency, one on each line: `usd 50.00`. Raises InvalidRequest."""
    found = entries_of(lines, "minimum_payouts", _MINIMUM, "usd 50.00")
    return {one[1].lower(): minor_of(one[2].strip(), one[1].lower(), "minimum_payouts") for one in found}


def _bps(percent: str) -> int:
    return bps_of(Decimal(percent.replace(",", ".")))
