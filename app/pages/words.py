"""What templates call: sentences of the catalogue, and amounts, rates and times in the reader's language.

Codes of pages begin with `page.`. A template has no words of its own, so that a second language is one more file.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import dates, numbers
from flask import Flask, g
from jinja2 import StrictUndefined
from markupsafe import Markup

from app import languages, money, times
from app.programs.shapes import TYPES, shape_of
from app.sentences import catalogue
from app.sentences.say import Value, listed, say, say_stored
from app.views import instant_text

FILLED: Final = frozenset(
    {
        "approved",
        "paid",
        "active",
        "completed",
        "delivered",
        "ready",
        "done",
        "accepted",
        "confirmed",
        "given",
        "created",
        "on",
    }
)
EARNING: Final = frozenset({"accrued", "adjusted"})
"""Outcomes of a payment or event that a commission came of."""
OPEN: Final = frozenset(
    {"accrued", "pending", "invited", "reserving", "open", "queued", "running", "sent", "reserved", "waiting", "held"}
)
CROSSED: Final = frozenset(
    {"rejected", "reversed", "failed", "canceled", "banned", "given_up", "returned", "parked", "unusable", "revoked"}
)
ATTENTION: Final = frozenset(
    {
        "missing",
        "unattributed",
        "unknown_code",
        "outside_window",
        "currency_mismatch",
        "paused",
        "disabled",
        "needs_attention",
        "not_applied",
    }
)


def install(app: Flask) -> None:
    """Let all templates of `app` use these functions; a value that a template misspells is an error."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals.update(say=say, say_stored=say_stored, word=word, language=language, zone=zone, shape=shape)
    app.jinja_env.globals["commission_types"] = TYPES
    app.jinja_env.filters.update(
        minor=minor,
        plain_amount=money.decimal_text,
        decimal=decimal,
        rate=rate,
        moment=moment,
        day=day,
        number=number,
        iso=instant_text,
        json_text=plain,
        offer=offer,
    )


def language() -> str:
    """The tag of the language that the page is in."""
    return catalogue.current().language


def word(family: str, code: str | None, /, **values: Value) -> str:
    """The words for a stored code: `page.<family>.<code>`; a code of a later version is shown as it is."""
    return say_stored(f"page.{family}", code, **values)


def shape(code: str | None, family: str) -> str:
    """The shape beside a state, so that no state is known by its colour alone: a name of a style."""
    if family == "outcome" and code in EARNING:
        return "filled"
    for name, codes in (("filled", FILLED), ("half", OPEN), ("crossed", CROSSED), ("pointed", ATTENTION)):
        if code in codes:
            return name
    return "hollow"


def minor(amount_minor: int, currency: str) -> Markup:
    """An amount in minor units, with its currency set apart."""
    return _amount(money.format_number(amount_minor, currency, language()), currency)


def decimal(amount: str, currency: str) -> Markup:
    """As `minor`, of an amount that a view shows as a decimal number."""
    places = money.decimals(currency)
    pattern = f"#,##0.{'0' * places}" if places else "#,##0"
    shown = numbers.format_decimal(Decimal(amount), pattern, languages.conventions(language()))
    return _amount(shown, currency)


def rate(bps: int) -> str:
    """Basis points as a percentage."""
    return money.format_rate(bps, language())


def offer(commission: dict[str, Any], currency: str) -> str:
    """What a program or a partner's terms pay: "20 %, for 12 billing cycles"."""
    return shape_of(commission).offer(currency)


def number(count: int) -> str:
    """A count."""
    return numbers.format_decimal(count, locale=languages.conventions(language()))


def zone() -> str:
    """The IANA name of the zone that the page shows its times in: its program's, UTC if it is about none."""
    return str(g.get("zone", times.UTC_NAME))


def moment(instant: datetime) -> str:
    """Date and time to the minute in the page's zone, with the UTC offset."""
    conventions = languages.conventions(language())
    local = instant.astimezone(ZoneInfo(zone()))
    clock = dates.format_time(local, "short", local.tzinfo, conventions)
    return f"{dates.format_date(local, 'medium', conventions)}, {clock} {times.offset(local)}"


def day(when: date | datetime) -> str:
    """A date, of a moment in the page's zone."""
    on = when.astimezone(ZoneInfo(zone())).date() if isinstance(when, datetime) else when
    return dates.format_date(on, "medium", languages.conventions(language()))


def plain(value: Any) -> str:
    """A value of a document as text: words as they are, lists one after the other, without what is not set."""
    if isinstance(value, dict):
        return listed(f"{key}: {plain(inner)}" for key, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return listed(map(plain, value))
    if isinstance(value, bool):
        return say("page.common.yes" if value else "page.common.no")
    return "" if value is None else str(value)


def _amount(shown: str, currency: str) -> Markup:
    return Markup('<span class="amount">{} <abbr>{}</abbr></span>').format(shown, currency.upper())
