"""Amounts and dates are read as their writers meant them, or refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import money
from app.transfer.imports.reading import amounts, days
from app.transfer.imports.reading.amounts import AmountUnit
from app.transfer.imports.reading.days import DayOrder
from app.transfer.imports.reading.refusals import RowRefused


@pytest.mark.parametrize(
    ("text", "currency", "unit", "minor"),
    [
        ("$1,234.50", "usd", None, 123450),
        ("1.234,50 €", "eur", None, 123450),
        ("1\u00a0234,50", "eur", None, 123450),
        ("1'234.50 CHF", "chf", None, 123450),
        ("USD 12.5", "usd", None, 1250),
        ("12.00", "usd", None, 1200),
        ("12.5000", "usd", None, 1250),
        ("(12.00)", "usd", None, -1200),
        ("-$12.00", "usd", None, -1200),
        ("$-12.00", "usd", None, -1200),
        ("\u221212,00", "eur", None, -1200),
        ("1.234.567,89", "eur", None, 123456789),
        ("12,345,678.90", "usd", None, 1234567890),
        ("3000", "usd", "cents", 3000),
        ("3000", "usd", "units", 300000),
        ("3000", "usd", "whole", 300000),
        ("3,000", "usd", "units", 300000),
        ("3000.0", "usd", "cents", 3000),
        ("-3000.0", "usd", "cents", -3000),
        ("3000.0", "usd", "units", 300000),
        ("3000.0", "usd", "whole", 300000),
        ("3000.0", "jpy", None, 3000),
        ("1,234,567", "usd", None, 123456700),
        ("3000", "jpy", None, 3000),
        ("¥3,000", "jpy", None, 3000),
        ("1.5", "kwd", None, 1500),
        ("0.125", "kwd", None, 125),
        ("-42206.070", "kwd", "units", -42206070),
        ("1'234.567", "kwd", None, 1234567),
        ("5146.980", "usd", None, 514698),
        ("0", "usd", None, 0),
        ("0.00", "usd", None, 0),
    ],
)
def test_amount_is_read_in_the_smallest_unit(text: str, currency: str, unit: AmountUnit | None, minor: int) -> None:
    written = amounts.parse(text)
    found = amounts.currency_of(written, None, currency)
    assert (amounts.minor_of(written, found, unit), found) == (minor, currency)


@pytest.mark.parametrize(
    ("text", "unit", "code"),
    [
        ("3000", None, "amount_ambiguous"),
        ("3000.0", None, "amount_ambiguous"),
        ("30.00", "cents", "amount_ambiguous"),
        ("$30.00", "cents", "amount_ambiguous"),
        ("30,5", "cents", "amount_ambiguous"),
        ("1,234", None, "amount_ambiguous"),
        ("1.234", "whole", "amount_ambiguous"),
        ("12.345", None, "amount_ambiguous"),
        ("1.234 KWD", "units", "amount_ambiguous"),
        ("1.2345", None, "amount_invalid"),
        ("0.125", "units", "amount_invalid"),
        ("0,125", "cents", "amount_ambiguous"),
        ("0.125 JPY", None, "amount_invalid"),
        ("1,23,45", None, "amount_invalid"),
        ("12.50.", None, "amount_invalid"),
        ("12.50 13.50", None, "amount_invalid"),
        ("1e3", None, "amount_invalid"),
        ("none", None, "amount_invalid"),
        ("99999999999999999.00", None, "amount_invalid"),
    ],
)
def test_amount_that_may_be_two_is_refused(text: str, unit: AmountUnit | None, code: str) -> None:
    currency = next((code.lower() for code in ("KWD", "JPY") if code in text), "usd")
    with pytest.raises(RowRefused) as refused:
        amounts.minor_of(amounts.parse(text), currency, unit)
    assert refused.value.code == code


@given(minor=st.integers(-(10**12), 10**12), currency=st.sampled_from(["usd", "eur", "jpy"]))
def test_amount_that_we_write_is_read_as_the_same(minor: int, currency: str) -> None:
    written = amounts.parse(money.format_money(minor, currency))
    assert amounts.currency_of(written, None, "usd") == currency
    assert amounts.minor_of(written, currency, None) == minor


@pytest.mark.parametrize(
    ("text", "column", "currency"),
    [
        ("12.00", None, "usd"),
        ("12.00", "EUR", "eur"),
        ("€12.00", None, "eur"),
        ("€12.00", "eur", "eur"),
        ("$12.00", "cad", "cad"),
        ("12.00 GBP", None, "gbp"),
        ("12,00 CA$", None, "cad"),
    ],
)
def test_currency_is_that_of_the_column_the_cell_or_the_program(text: str, column: str | None, currency: str) -> None:
    assert amounts.currency_of(amounts.parse(text), column, "usd") == currency


@pytest.mark.parametrize(
    ("text", "column", "default", "code"),
    [
        ("€12.00", "usd", "usd", "currency_differs"),
        ("$12.00", "eur", "usd", "currency_differs"),
        ("$12.00", None, "eur", "currency_unknown"),
        ("12.00 points", None, "usd", "currency_unknown"),
        ("12.00", "XYZ", "usd", "currency_unknown"),
    ],
)
def test_currency_that_is_contradicted_or_unknown_is_refused(
    text: str, column: str | None, default: str, code: str
) -> None:
    with pytest.raises(RowRefused) as refused:
        amounts.currency_of(amounts.parse(text), column, default)
    assert refused.value.code == code


AUGUST = datetime(2020, 8, 19, tzinfo=UTC)
AFTERNOON = AUGUST.replace(hour=16, minute=28)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2020-08-19", None, AUGUST),
        ("2020/08/19", None, AUGUST),
        ("2020-08-19T16:28:31.164Z", None, AFTERNOON.replace(second=31, microsecond=164000)),
        ("2020-08-19 16:28:00 UTC", None, AFTERNOON),
        ("2020-08-19 16:28:00 +0000", None, AFTERNOON),
        ("2020-08-19T18:28:00+02:00", None, AFTERNOON),
        ("Aug 19, 2020", None, AUGUST),
        ("Wed, Aug 19th, 2020 at 4:28 PM", None, AFTERNOON),
        ("August 19, 2020 4:28 pm UTC", None, AFTERNOON),
        ("19 August 2020 16:28", None, AFTERNOON),
        ("19-Aug-2020", None, AUGUST),
        ("19.08.2020", None, AUGUST),
        ("08/19/2020 12:28 AM", None, AUGUST.replace(minute=28)),
        ("05/05/2020", None, datetime(2020, 5, 5, tzinfo=UTC)),
        ("03/04/2020", "day-first", datetime(2020, 4, 3, tzinfo=UTC)),
        ("03/04/2020", "month-first", datetime(2020, 3, 4, tzinfo=UTC)),
    ],
)
def test_date_is_read_in_the_formats_of_the_tools(text: str, order: DayOrder | None, expected: datetime) -> None:
    assert days.parse(text, "earned_at", order) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("03/04/2020", "date_ambiguous"),
        ("3.4.2020 10:00", "date_ambiguous"),
        ("03/04/20", "date_invalid"),
        ("31/31/2020", "date_invalid"),
        ("2020-02-30", "date_invalid"),
        ("August 2020", "date_invalid"),
        ("19 Augusto 2020", "date_invalid"),
        ("yesterday", "date_invalid"),
        ("1597854511", "date_invalid"),
        ("0001-01-01", "date_invalid"),
        ("2020-08-19 25:00", "date_invalid"),
    ],
)
def test_date_that_may_be_two_or_is_none_is_refused(text: str, code: str) -> None:
    with pytest.raises(RowRefused) as refused:
        days.parse(text, "earned_at")
    assert refused.value.code == code
