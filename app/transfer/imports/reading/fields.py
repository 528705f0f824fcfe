"""The fields that a column of a file can be, and the merchant's own mapping of columns: `--map COLUMN=FIELD`. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple, get_args

from app.errors import InvalidRequest
from app.immutable import immutable

Tool = Literal["rewardful", "firstpromoter", "tolt", "csv"]
TOOLS: Final[tuple[Tool, ...]] = get_args(Tool)

PROFILE: Final = (
    *("affiliate_first_name", "affiliate_last_name", "affiliate_name", "affiliate_status"),
    *("affiliate_link", "affiliate_paypal_email"),
)
"""What only a list of affiliates has: a row with one of them enrolls its affiliate."""
REFERENCES: Final = ("affiliate_id", "affiliate_email", "affiliate_code", "affiliate")
"""What names an affiliate; `affiliate` is any of id, e-mail address and code."""
CUSTOMER_IDS: Final = ("customer_id", "customer_source_id", "stripe_customer_id", "customer_email")
MONEY: Final = ("amount", "balance")
DATES: Final = ("referred_at", "first_paid_at", "earned_at")

FIELDS: Final[Mapping[str, str]] = {
    "affiliate_id": "the affiliate's id in the other system",
    "affiliate_email": "the affiliate's e-mail address",
    "affiliate_code": "the code of the affiliate's link; several are separated by spaces, commas or bars",
    "affiliate": "id, e-mail address or code of the affiliate, whichever the cell has",
    "affiliate_first_name": "the affiliate's first name",
    "affiliate_last_name": "the affiliate's last name",
    "affiliate_name": "the affiliate's full name",
    "affiliate_status": "the affiliate's status",
    "affiliate_link": "the affiliate's link; its code is a parameter of it",
    "affiliate_paypal_email": "where the affiliate is paid by PayPal",
    "customer_id": "your own id of the customer, which you give Stripe too",
    "customer_source_id": "the customer's id in the other system",
    "stripe_customer_id": "the customer at Stripe, cus_…",
    "customer_email": "the customer's e-mail address",
    "customer_status": "how far the customer is: a visitor, a lead, a paying customer",
    "referred_at": "when the customer signed up or was referred",
    "first_paid_at": "when the customer paid for the first time",
    "commission_id": "the commission's id in the other system",
    "amount": "a commission's amount",
    "balance": "what an affiliate is owed in all, instead of commissions",
    "currency": "the currency of amount and balance",
    "commission_status": "the commission's status",
    "commission_paid": "whether or when the commission was paid",
    "commission_kind": "what the commission is in: money, or credits and points",
    "earned_at": "when the commission was earned",
}
"""Every field, with what a column of it has."""

IGNORED: Final = "-"
"""As a field: the column is not read."""
FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "day-first": DATES,
    "month-first": DATES,
    "cents": MONEY,
    "units": MONEY,
}
"""How a column is written, with the fields that can be."""


class Column(NamedTuple):
    """A field, and how its column is written if the merchant says so: a key of `FORMATS`."""

    field: str
    format: str | None = None


@immutable
class Mapped:
    """What the merchant says of columns, by their names as `normal` makes them."""

    columns: Mapping[str, Column]

    def as_json(self) -> dict[str, list[str | None]]:
        """The form that is stored with an import."""
        return {name: list(column) for name, column in self.columns.items()}


def normal(column: str) -> str:
    """The name of a column as it is compared: `First Name`, `first_name` and `firstName` are `firstname`."""
    return re.sub(r"[\W_]+", "", column.lower())


def parse_maps(maps: Iterable[str]) -> Mapped:
    """The mapping of `COLUMN=FIELD` and `COLUMN=FIELD:FORMAT` texts.

    Raises:
        InvalidRequest: names the text that is none, or the field or format that is unknown.
    """
    columns: dict[str, Column] = {}
    for text in maps:
        name, separator, target = text.rpartition("=")
        field, _, how = target.strip().partition(":")
        if not separator or not normal(name):
            raise _refusal(f"{text!r} is no mapping; write COLUMN=FIELD, such as 'Partner e-mail=affiliate_email'")
        if field != IGNORED and field not in FIELDS:
            raise _refusal(f"{text!r} names the unknown field {field!r}; choose one of: {', '.join(FIELDS)}; or -")
        if how and field not in FORMATS.get(how, ()):
            fitting = [known for known, fields in FORMATS.items() if field in fields]
            raise _refusal(f"{text!r} has the format {how!r}; {field} takes {' or '.join(fitting) or 'none'}")
        if normal(name) in columns:
            raise _refusal(f"the column {name!r} is mapped twice; map it once")
        columns[normal(name)] = Column(field, how or None)
    return Mapped(columns)


def stored(columns: Mapping[str, list[str | None]]) -> Mapped:
    """The mapping of what `Mapped.as_json` gave."""
    return Mapped({name: Column(str(field), how) for name, (field, how) in columns.items()})


def _refusal(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="map_invalid", param="map")
