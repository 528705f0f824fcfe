"""Amounts of money as people and programs write them: "$1,234.50", "1.234,50 €", "(12.00)", "3000" as cents. Pure."""

import re
from typing import Final, Literal

from app import currencies, money
from app.immutable import immutable
from app.transfer.imports.reading.refusals import RowRefused

AmountUnit = Literal["cents", "units", "whole"]
"""What a number without decimals is: in the currency's smallest unit, or in whole ones, as the merchant says; or
`whole`: in whole ones, because other cells of its column have decimals."""
LARGEST_MINOR: Final = 10**15

SYMBOLS: Final = {
    "€": "eur",
    "£": "gbp",
    "₹": "inr",
    "₪": "ils",
    "₩": "krw",
    "zł": "pln",
    "us$": "usd",
    "ca$": "cad",
    "c$": "cad",
    "au$": "aud",
    "a$": "aud",
    "nz$": "nzd",
    "r$": "brl",
    "mx$": "mxn",
}
"""Symbols that one currency has."""
SHARED_SYMBOLS: Final = {
    "$": frozenset({"usd", "cad", "aud", "nzd", "sgd", "hkd", "mxn", "brl", "clp", "cop", "ars"}),
    "¥": frozenset({"jpy", "cny"}),
    "kr": frozenset({"sek", "nok", "dkk", "isk"}),
}
"""Symbols of several currencies: they say nothing beside a currency that has them."""

_NUMBER: Final = re.compile(r"\d[\d.,'\s]*")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f\u2009]+")
_GROUPED: Final = re.compile(r"\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*")
_FLOAT: Final = re.compile(r"(\d+)\.0")
"""A whole number as programs write floating-point numbers: `3000.0` says no more than `3000`."""
_MINUSES: Final = ("-", "\u2212", "\u2013")


@immutable
class Written:
    """An amount as it is written.

    Attributes:
        digits: its number, with its separators.
        is_negative: it has a minus sign, or is in brackets.
        words: what is written beside the number: a symbol or a code.
        text: all of it.
    """

    digits: str
    is_negative: bool
    words: str
    text: str


def parse(text: str, field: str = "amount") -> Written:
    """The parts of an amount. Raises RowRefused `amount_invalid`."""
    spaced = _SPACES.sub(" ", text).strip()
    numbers = _NUMBER.findall(spaced)
    if len(numbers) != 1:
        raise RowRefused("amount_invalid", field, text)
    found = numbers[0].strip(" ")
    beside = spaced.replace(found, "", 1).strip()
    digits = _FLOAT.sub(r"\1", found) if _FLOAT.fullmatch(found) else found
    is_bracketed = beside.startswith("(") and beside.endswith(")")
    words = beside.strip("() ")
    is_signed = words.startswith(_MINUSES) or words.endswith(_MINUSES)
    return Written(digits, is_bracketed or is_signed, words.strip("+ " + "".join(_MINUSES)), text)


def currency_of(written: Written, named: str | None, default: str) -> str:
    """The currency of an amount: of its column, else beside the number, else the program's.

    Args:
        written: the amount.
        named: what the column of the currency has, or None.
        default: the program's currency.

    Raises:
        RowRefused: `currency_unknown`, or `currency_differs`: column and symbol contradict each other.
    """
    words = written.words.lower()
    beside = SYMBOLS.get(words) or (words if words in currencies.known() else None)
    shared = SHARED_SYMBOLS.get(words)
    if words and beside is None and shared is None:
        raise RowRefused("currency_unknown", "amount", written.text)
    given = None if named is None else named.strip().lower()
    if given is not None and given not in currencies.known():
        raise RowRefused("currency_unknown", "currency", named)
    found = given or beside or default
    if (beside is not None and beside != found) or (shared is not None and found not in shared):
        raise RowRefused(
            "currency_differs" if given is not None else "currency_unknown",
            "amount",
            written.text,
            currency=found.upper(),
        )
    return found


def has_decimals(written: Written) -> bool:
    """Whether it is surely in whole units: it has a decimal part, or a symbol or code beside it."""
    return bool(written.words) or _decimal_part(written.digits) is not None


def minor_of(written: Written, currency: str, unit: AmountUnit | None) -> int:
    """The amount in the currency's smallest unit.

    Examples: "$1,234.50" and "1.234,50 €" are 123450; "3000" and "3000.0" are 3000 if `unit` is cents, 300000 if it is
    units.

    Args:
        written: the amount.
        currency: its currency, whose decimals count.
        unit: what a number without decimals is; None: it is not known.

    Raises:
        RowRefused: `amount_ambiguous`: "1,234" may be a thousand or one and a bit, "3000" thirty or three thousand,
            "30.00" of cents thirty cents or three thousand; `amount_invalid`: it has more decimals than the currency,
            or its separators make no number.
    """
    places = money.decimals(currency)
    fraction = _decimal_part(written.digits)
    if fraction is None and places and unit is None and _may_be_cents(written.digits):
        raise RowRefused("amount_ambiguous", "amount", written.text)
    if fraction is not None and unit == "cents":
        raise RowRefused("amount_ambiguous", "amount", written.text)
    whole = written.digits if fraction is None else written.digits[: -len(fraction) - 1]
    digits = re.sub(r"\D", "", whole)
    if not (whole.isdigit() or _GROUPED.fullmatch(whole)) or not digits:
        raise RowRefused("amount_invalid", "amount", written.text)
    if fraction is None and _may_be_decimals(whole, places) and (unit in (None, "whole") or places > 2):
        raise RowRefused("amount_ambiguous", "amount", written.text)
    shown = (fraction or "").rstrip("0") if len(fraction or "") > places else (fraction or "")
    if len(shown) > places:
        raise RowRefused("amount_invalid", "amount", written.text)
    minor = int(digits) if unit == "cents" else int(digits + shown.ljust(places, "0"))
    if minor > LARGEST_MINOR:
        raise RowRefused("amount_invalid", "amount", written.text)
    return -minor if written.is_negative else minor


def _decimal_part(digits: str) -> str | None:
    """The digits after the decimal sign; None: it has none that is surely one."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return None
    is_only_one = digits.count(".") + digits.count(",") == 1
    other = "," if digits[last] == "." else "."
    after = digits[last + 1 :]
    if not after.isdigit():
        return None
    is_decimal = (is_only_one and len(after) != 3) or (other in digits[:last] and digits.count(digits[last]) == 1)
    # `0.125` and `5146.980` have no group in front; `1'234.500` has groups with another sign.
    is_no_group = is_only_one and re.match(r"0|\d{4}|.*['\s]", digits[:last]) is not None
    return after if is_decimal or is_no_group else None


def _may_be_cents(digits: str) -> bool:
    return digits.isdigit() and int(digits) != 0


def _may_be_decimals(whole: str, places: int) -> bool:
    """Whether `1,234` or `1.234`, with one sign before three digits, may have decimals: money often has too many."""
    return places > 0 and whole.count(".") + whole.count(",") == 1
