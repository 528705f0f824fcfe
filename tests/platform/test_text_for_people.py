"""Amounts, rates and dates as they are written for people."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import babel
import pytest

from app import money, times
from app.cli import printing

EVENING = datetime(2026, 11, 28, 22, 30, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "locale", "text"),
    [
        (980, "usd", "en", "9.80 USD"),
        (123456789, "usd", "en", "1,234,567.89 USD"),
        (123456789, "eur", "de", "1.234.567,89 EUR"),
        (1200, "jpy", "en", "1,200 JPY"),
        (1200, "jpy", "de", "1.200 JPY"),
        (1200, "kwd", "en", "1.200 KWD"),
        (1200, "kwd", "de", "1,200 KWD"),
        (1200, "KWD", "en", "1.200 KWD"),
        (-5, "usd", "en", "-0.05 USD"),
        (0, "usd", "en", "0.00 USD"),
        (1200, "ugx", "en", "12.00 UGX"),  # Stripe counts it in hundredths, although it is spent whole
        (1200, "zzz", "en", "12.00 ZZZ"),
        (2**63 - 1, "usd", "en", "92,233,720,368,547,758.07 USD"),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_the_digits_of_its_language(
    amount_minor: int, currency: str, locale: str, text: str
) -> None:
    assert money.format_money(amount_minor, currency, locale) == text


@pytest.mark.parametrize(
    ("rate_bps", "locale", "text"),
    [(2000, "en", "20 %"), (2050, "en", "20.5 %"), (125, "de", "1,25 %"), (0, "en", "0 %"), (1, "en", "0.01 %")],
)
def test_rates_are_percentages_without_needless_zeros(rate_bps: int, locale: str, text: str) -> None:
    assert money.format_rate(rate_bps, locale) == text


@pytest.mark.parametrize(
    ("zone", "locale", "text"),
    [
        ("UTC", "en", "28 November 2026, 22:30 UTC"),
        ("Europe/Berlin", "en", "28 November 2026, 23:30 UTC+01:00"),
        ("Asia/Kolkata", "en", "29 November 2026, 04:00 UTC+05:30"),
        ("America/New_York", "en-US", "November 28, 2026, 5:30\u202fPM UTC-05:00"),
        ("Europe/Berlin", "de", "28. November 2026, 23:30 UTC+01:00"),
    ],
)
def test_times_are_shown_in_a_zone_which_they_name(zone: str, locale: str, text: str) -> None:
    assert times.format_time(EVENING, zone, locale) == text


def test_days_are_those_of_the_zone_they_name() -> None:
    assert times.format_day(EVENING) == "28 November 2026 (UTC)"
    assert times.format_day(EVENING, "Asia/Kolkata", "de") == "29. November 2026 (UTC+05:30)"


def test_unknown_languages_are_refused() -> None:
    with pytest.raises(babel.UnknownLocaleError):
        money.format_money(980, "usd", "xx")


def test_times_in_tables_are_short_with_seconds_in_utc() -> None:
    assert times.format_for_table(EVENING) == "28 Nov 2026, 22:30:59 UTC"
    assert times.format_for_table(EVENING.astimezone(ZoneInfo("Asia/Kolkata")), "de") == "28.11.2026, 22:30:59 UTC"


def test_a_command_shows_times_in_the_language_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    printing.record({"created_at": EVENING})
    assert "28 Nov 2026, 22:30:59 UTC" in capsys.readouterr().out
