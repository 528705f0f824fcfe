"""The columns of each tool's lists, and finding out which list a file is. Pure.

Sources, read on 2026-11-29: Rewardful, help article "How do I import data into Rewardful" and the objects of its REST
API; FirstPromoter, API v1 (leads, promoters, rewards) and v2; Tolt, API (partners, customers, commissions, links).
None of them publishes the columns of its CSV exports, so the names of the API's fields are taken, in any spelling;
a list with other names is mapped by the merchant.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from app.errors import InvalidRequest
from app.immutable import immutable
from app.transfer.imports.reading.fields import (
    CUSTOMER_IDS,
    FIELDS,
    IGNORED,
    MONEY,
    PROFILE,
    REFERENCES,
    Column,
    Mapped,
    Tool,
    normal,
)

ListKind = Literal["affiliates", "customers", "commissions"]

_NAMES: Final = {
    "firstname": "affiliate_first_name",
    "lastname": "affiliate_last_name",
    "name": "affiliate_name",
    "fullname": "affiliate_name",
    "email": "affiliate_email",
    "status": "affiliate_status",
    "state": "affiliate_status",
    "paypalemail": "affiliate_paypal_email",
    "link": "affiliate_link",
    "links": "affiliate_link",
    "linkurl": "affiliate_link",
    "url": "affiliate_link",
    "referrallink": "affiliate_link",
    "affiliatelink": "affiliate_link",
    "id": "affiliate_id",
}
_CUSTOMER: Final = {
    "id": "customer_source_id",
    "email": "customer_email",
    "customeremail": "customer_email",
    "stripecustomerid": "stripe_customer_id",
    "stripecustomer": "stripe_customer_id",
    "status": "customer_status",
    "state": "customer_status",
    "createdat": "referred_at",
    "signedupat": "referred_at",
    "signupdate": "referred_at",
    "firstpaidat": "first_paid_at",
    "firstpaymentat": "first_paid_at",
}
_COMMISSION: Final = {
    "id": "commission_id",
    "commissionid": "commission_id",
    "amount": "amount",
    "commissionamount": "amount",
    "commission": "amount",
    "amountcents": "amount",
    "currency": "currency",
    "status": "commission_status",
    "state": "commission_status",
    "paidat": "commission_paid",
    "paid": "commission_paid",
    "ispaid": "commission_paid",
    "createdat": "earned_at",
    "date": "earned_at",
}
_AFFILIATE: Final = {
    "affiliateid": "affiliate_id",
    "affiliateemail": "affiliate_email",
    "affiliate": "affiliate",
}
_PROMOTER: Final = {
    "promoterid": "affiliate_id",
    "promoteremail": "affiliate_email",
    "promoter": "affiliate",
    "refid": "affiliate_code",
    "reftoken": "affiliate_code",
    "promoterrefid": "affiliate_code",
    "promoterreftoken": "affiliate_code",
    "referralid": "affiliate_code",
}
_PARTNER: Final = {"partnerid": "affiliate_id", "partneremail": "affiliate_email", "partner": "affiliate"}

LAYOUTS: Final[Mapping[Tool, Mapping[ListKind, Mapping[str, str]]]] = {
    "rewardful": {
        "commissions": {**_COMMISSION, **_AFFILIATE},
        "customers": {
            **_CUSTOMER,
            **_AFFILIATE,
            "customerid": "stripe_customer_id",
            "conversionstate": "customer_status",
            "becameconversionat": "first_paid_at",
            "token": "affiliate_code",
            "linktoken": "affiliate_code",
            "via": "affiliate_code",
        },
        "affiliates": {
            **_NAMES,
            **_AFFILIATE,
            "token": "affiliate_code",
            "tokens": "affiliate_code",
            "linktoken": "affiliate_code",
            "linktokens": "affiliate_code",
        },
    },
    "firstpromoter": {
        "commissions": {**_COMMISSION, **_PROMOTER, "unit": "commission_kind", "eventdate": "earned_at"},
        "customers": {
            **_CUSTOMER,
            **_PROMOTER,
            "uid": "customer_id",
            "leademail": "customer_email",
            "referralemail": "customer_email",
            "customersince": "first_paid_at",
        },
        "affiliates": {
            **_NAMES,
            **_PROMOTER,
            "defaultrefid": "affiliate_code",
            "refids": "affiliate_code",
            "promoteremail": "affiliate_email",
        },
    },
    "tolt": {
        "commissions": {**_COMMISSION, **_PARTNER},
        "customers": {**_CUSTOMER, **_PARTNER, "customerid": "customer_id"},
        "affiliates": {
            **_NAMES,
            **_PARTNER,
            "value": "affiliate_code",
            "linkvalue": "affiliate_code",
            "slug": "affiliate_code",
            "refcode": "affiliate_code",
            "referralcode": "affiliate_code",
        },
    },
    "csv": {},
}
"""By tool and list, the field of each column it may have."""

_TEMPLATE: Final = {
    **{name: _NAMES[name] for name in ("firstname", "lastname", "email", "paypalemail")},
    "token": "affiliate_code",
    "stripecustomerid": "stripe_customer_id",
    "importedid": "stripe_customer_id",
}
"""Rewardful's own format for imports: an affiliate and a customer in each row."""

_SIGNS: Final[Mapping[ListKind, frozenset[str]]] = {
    "commissions": frozenset({"amount", "amountcents", "commissionamount", "commission"}),
    "customers": frozenset(
        {
            *("conversionstate", "becameconversionat", "becameleadat", "stripecustomerid", "stripecustomer"),
            *("customeremail", "leademail", "referralemail", "uid", "customersince", "customerid"),
        }
    ),
}
"""Columns that only this list has, beside one that names the affiliate."""


@immutable
class Layout:
    """How a file is read.

    Attributes:
        places: for each field, the places of its columns in a row.
        formats: how the column of a field is written, where the merchant said so.
        names: the column of each place, as the file has it.
        unread: columns that are not read.
    """

    places: Mapping[str, Sequence[int]]
    formats: Mapping[str, str]
    names: Sequence[str]
    unread: Sequence[str]

    @property
    def enrolls(self) -> bool:
        """Whether its rows are about affiliates themselves, so that one who is not known is enrolled."""
        has_profile = any(field in self.places for field in PROFILE)
        return "affiliate_email" in self.places and (has_profile or not (self.has_customers or self.has_money))

    @property
    def has_customers(self) -> bool:
        """Whether its rows name customers."""
        return any(field in self.places for field in CUSTOMER_IDS)

    @property
    def has_money(self) -> bool:
        """Whether its rows are commissions or balances."""
        return any(field in self.places for field in MONEY)

    @property
    def contents(self) -> str:
        """What its rows are, for people and programs: `affiliates`, `customers`, `affiliates+customers`."""
        kinds = {"affiliates": self.enrolls, "customers": self.has_customers, "commissions": self.has_money}
        return "+".join(kind for kind, is_there in kinds.items() if is_there)


def recognize(tool: Tool, header: Sequence[str], mapped: Mapped, name: str) -> Layout:
    """The layout of a file with this header.

    Args:
        tool: the system that wrote it.
        header: its columns.
        mapped: what the merchant says of columns; it goes before what the tool's lists have.
        name: of the file, for messages.

    Raises:
        InvalidRequest: `columns_unknown`: what is needed has no column; the message says which field to map.
    """
    known = _known(tool, [normal(column) for column in header], mapped)
    places: dict[str, list[int]] = {}
    formats, unread = {}, []
    for place, column in enumerate(header):
        chosen = mapped.columns.get(normal(column)) or Column(known.get(normal(column), IGNORED))
        if chosen.field == IGNORED:
            unread.append(column)
            continue
        places.setdefault(chosen.field, []).append(place)
        how = chosen.format or ("cents" if chosen.field in MONEY and normal(column).endswith("cents") else None)
        if how is not None:
            formats[chosen.field] = how
    layout = Layout(places, formats, tuple(header), tuple(column for column in unread if column))
    _require(layout, name)
    return layout


def refuse_unused(mapped: Mapped, headers: Iterable[Sequence[str]]) -> None:
    """Refuse a mapping of a column that no file has. Raises InvalidRequest."""
    there = {normal(column) for header in headers for column in header}
    missing = [name for name in mapped.columns if name not in there]
    if missing:
        message = (
            f"no file has the column {missing[0]!r} that is mapped; write its name as the file's first line has it"
        )
        raise InvalidRequest(message, code="map_invalid", param="map")


def _known(tool: Tool, columns: Sequence[str], mapped: Mapped) -> Mapping[str, str]:
    """The field of each column that the tool's list has which the file seems to be."""
    if tool == "csv":
        return {normal(field): field for field in FIELDS}
    lists = LAYOUTS[tool]
    fields = {mapped.columns[column].field for column in columns if column in mapped.columns}
    if tool == "rewardful" and _is_template({*columns}):
        return _TEMPLATE
    for kind in ("commissions", "customers"):
        names_affiliate = any(lists[kind].get(column) in REFERENCES for column in columns) or {*REFERENCES} & fields
        has_sign = _SIGNS[kind] & {*columns} or (kind == "commissions" and {*MONEY} & fields)
        if has_sign and names_affiliate:
            return lists[kind]
    return lists["affiliates"]


def _is_template(columns: set[str]) -> bool:
    names_customer = bool({"stripecustomerid", "importedid"} & columns)
    return names_customer and {"firstname", "email"} <= columns and not {"id", "state"} & columns


def _require(layout: Layout, name: str) -> None:
    has = layout.places.keys()
    if not has & {*REFERENCES}:
        _ask(layout, name, "affiliate_email", "affiliate_id", "affiliate_code")
    if not (layout.enrolls or layout.has_customers or layout.has_money):
        _ask(layout, name, "affiliate_email", "customer_email", "amount")
    if {*MONEY} <= has:
        columns = " and ".join(f'"{layout.names[layout.places[field][0]]}"' for field in MONEY)
        message = (
            f"the columns {columns} of {name} are read as amount and balance, and a file has only one of them: "
            "single commissions, or what an affiliate is owed in all; leave the other out with COLUMN=-"
        )
        raise InvalidRequest(message, code="columns_unknown", param="map")
    if "amount" in has and "commission_id" not in has:
        _ask(layout, name, "commission_id")
    for field in (*MONEY, "customer_email", "stripe_customer_id", "commission_id", "currency"):
        if len(layout.places.get(field, ())) > 1:
            columns = " and ".join(f'"{layout.names[place]}"' for place in layout.places[field])
            message = f"the columns {columns} of {name} are both read as {field}; map the one that is not with COLUMN=-"
            raise InvalidRequest(message, code="columns_unknown", param="map")


def _ask(layout: Layout, name: str, *fields: str) -> None:
    choices = " or ".join(f"{field} ({FIELDS[field]})" for field in fields)
    columns = ", ".join(f'"{column}"' for column in layout.names if column)
    example = next(iter(layout.unread), "COLUMN")
    message = (
        f"{name} has no column for {choices}; if one of its columns ({columns}) is that, map it, such as "
        f"--map '{example}={fields[0]}'; or else add a column {fields[0]} to the file"
    )
    raise InvalidRequest(message, code="columns_unknown", param="map")
