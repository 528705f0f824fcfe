"""Arithmetic and formatting of money: minor units, basis points, rounding. Pure; the arithmetic uses integers only.

Every amount in Accrual is an integer in its currency's smallest unit beside a lower-case currency code. The
arithmetic of commissions needs no decimals; only people do, and only `decimal_text` and `format_money` know them.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from babel.numbers import format_decimal

from app import languages

BPS_PER_WHOLE = 10_000

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
GROUP = 3
"""Digits between the separators of a large number."""
LONGEST_WHOLE = 15
"""Digits before the decimal point of an amount that people write."""
_GROUPED = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[1-9]\d{0,2}(?P<by>[.,])\d{3}(?:(?P=by)\d{3})*)(?:(?!(?P=by))[.,](?P<rest>\d*))?",
    re.ASCII,
)
_PLAIN = re.compile(r"(?P<sign>[+-]?)(?=[.,]?\d)(?P<whole>\d*)(?:[.,](?P<rest>\d*))?", re.ASCII)


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded to the nearest integer, halves away from zero.

    Example: `half_up(5, 2) == 3`, `half_up(-5, 2) == -3`. `denominator` must be positive.
    """
    if numerator < 0:
        return -half_up(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def percentage(amount_minor: int, rate_bps: int) -> int:
    """`rate_bps` of `amount_minor`, rounded once. Example: 20 % of 49.00 is `percentage(4900, 2000) == 980`."""
    return half_up(amount_minor * rate_bps, BPS_PER_WHOLE)


def after_return(amount_minor: int, returned_minor: int, gross_minor: int) -> int:
    """The part of `amount_minor` that remains after `returned_minor` of `gross_minor` was returned to the customer.

    Example: 1000 of 4900 was returned, so `after_return(980, 1000, 4900) == 780`. A full return leaves exactly 0.
    """
    if returned_minor >= gross_minor:
        return 0
    return amount_minor - half_up(amount_minor * returned_minor, gross_minor)


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """`amount_minor` divided in proportion to `weights` by running totals, so that the parts add up exactly.

    Example: `split(100, [1, 1, 1]) == [33, 34, 33]`. All weights 0 gives everything to the first.
    """
    total = sum(weights)
    if total == 0:
        return [amount_minor, *([0] * (len(weights) - 1))] if weights else []
    parts, weight_so_far, amount_so_far = [], 0, 0
    for weight in weights:
        weight_so_far += weight
        cumulative = half_up(amount_minor * weight_so_far, total)
        parts.append(cumulative - amount_so_far)
        amount_so_far = cumulative
    return parts


def decimals(currency: str) -> int:
    """The number of decimals of `currency` (upper or lower case): JPY 0, USD 2, KWD 3.

    Source: Stripe, "Supported currencies", zero-decimal and three-decimal.
    """
    code = currency.lower()
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


def decimal_text(amount_minor: int, currency: str) -> str:
    """The amount as a decimal number without its currency: `decimal_text(1200, "usd") == "12.00"`."""
    places = decimals(currency)
    if places == 0:
        return str(amount_minor)
    sign = "-" if amount_minor < 0 else ""
    whole, fraction = divmod(abs(amount_minor), 10**places)
    return f"{sign}{whole}.{fraction:0{places}d}"


def minor_of(amount: str, currency: str) -> int | None:
    """An amount as text in the currency's smallest unit; None if it is no amount of this currency.

    A point or comma with three digits after it groups thousands, unless the currency has three decimals, or what is
    before it cannot be grouped: "1.234" USD is a thousand and "0.500" USD a half. Groups must be whole, so that
    "12.50," is no amount.

    Example: `minor_of("1,234.50", "usd") == minor_of("1.234,50", "usd") == 123450`.
    """
    text = re.sub(r"[\s'\u00a0\u202f]", "", amount)
    places = decimals(currency)
    found = _GROUPED.fullmatch(text)
    if found is None or (places == GROUP and len(re.findall("[.,]", text)) == 1):
        found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    whole, rest = re.sub("[.,]", "", found["whole"]), (found["rest"] or "").rstrip("0")
    if len(rest) > places or len(whole) > LONGEST_WHOLE:
        return None
    return int(f"{found['sign']}{whole or 0}{rest:0<{places}}")


def format_money(amount_minor: int, currency: str, locale: str = languages.ENGLISH) -> str:
    """The amount with its currency code, in the digits of `locale`: `format_money(123456, "usd") == "1,234.56 USD"`.

    The code is written after the number in every language; a symbol such as `$` would leave open which dollar it is.

    Args:
        amount_minor: the amount in the currency's smallest unit, as Stripe counts it.
        currency: its ISO 4217 code in either case; any three letters are accepted, as in Stripe's documents.
        locale: a language tag, `en`, `de` or `pt-BR`.

    Raises:
        babel.UnknownLocaleError: no such language is known.
    """
    return f"{format_number(amount_minor, currency, locale)} {currency.upper()}"


def format_number(amount_minor: int, currency: str, locale: str = languages.ENGLISH) -> str:
    """As `format_money` without the currency code, for sentences that name it with another amount."""
    places = decimals(currency)
    pattern = f"#,##0.{'0' * places}" if places else "#,##0"
    return format_decimal(Decimal(amount_minor).scaleb(-places), pattern, languages.conventions(locale))


def format_rate(rate_bps: int, locale: str = languages.ENGLISH) -> str:
    """Basis points as a percentage without needless zeros: `format_rate(2050) == "20.5 %"`, in German "20,5 %"."""
    return format_decimal(Decimal(rate_bps).scaleb(-4), "#,##0.## %", languages.conventions(locale))
