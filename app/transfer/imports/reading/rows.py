"""A line of a file as what it says: an affiliate, a customer, money that is owed. Pure."""

import re
from datetime import datetime
from typing import Final, cast
from urllib.parse import parse_qsl, urlsplit

from app import texts
from app.errors import InvalidRequest
from app.immutable import immutable
from app.partners import validation
from app.partners.validation import Status
from app.transfer.imports.reading import amounts, days, statuses
from app.transfer.imports.reading.amounts import AmountUnit
from app.transfer.imports.reading.days import DayOrder
from app.transfer.imports.reading.fields import CUSTOMER_IDS, MONEY
from app.transfer.imports.reading.layouts import Layout
from app.transfer.imports.reading.refusals import RowLeftOut, RowRefused
from app.transfer.imports.reading.statuses import CommissionState, CustomerStage
from app.transfer.imports.reading.tables import BROKEN, Line

LINK_PARAMETERS: Final = ("via", "fp_ref", "fpr", "ref", "aff", "affiliate", "referral", "partner", "a")
"""Parameters of links that the tools use; a link with a single other parameter has its code there."""
LONGEST_ID: Final = 255
STRIPE_CUSTOMER: Final = re.compile(r"cus_[A-Za-z0-9_]{1,60}")
_SEPARATORS: Final = re.compile(r"[\s,;|]+")


@immutable
class Reference:
    """What names the affiliate of a row; at least one of them is there."""

    source_id: str | None
    email: str | None
    codes: tuple[str, ...]
    any: str | None


@immutable
class AffiliateRow:
    """An affiliate's own data. `refused` is what of it cannot be taken over: codes and addresses."""

    email: str
    source_id: str | None
    first_name: str | None
    last_name: str | None
    status: Status | None
    codes: tuple[str, ...]
    paypal_email: str | None
    refused: tuple[RowRefused, ...]


@immutable
class CustomerRow:
    """A customer; at least one of the ids and the address is there."""

    customer_id: str | None
    source_id: str | None
    stripe_customer_id: str | None
    email: str | None
    stage: CustomerStage
    referred_at: datetime | None
    first_paid_at: datetime | None


@immutable
class MoneyRow:
    """A commission, or what an affiliate is owed in all (then `commission_id` is None)."""

    commission_id: str | None
    amount_minor: int
    currency: str
    state: CommissionState
    earned_at: datetime | None


class Reader:
    """Reads the cells of lines by the layout of their file.

    Args:
        layout: of the file.
        currency: the program's, for amounts that name none.
        unit: what an amount without decimals is, as far as it is known.
    """

    def __init__(self, layout: Layout, *, currency: str, unit: AmountUnit | None = None) -> None:
        given = next((layout.formats[field] for field in MONEY if field in layout.formats), unit)
        self.layout = layout
        self.unit = cast("AmountUnit | None", given)
        self._currency = currency

    def check(self, line: Line) -> None:
        """Refuse a line that is not read at all. Raises RowRefused `cell_count`, `encoding_broken`, `formula`."""
        names = self.layout.names
        if any(line.cells[len(names) :]):
            raise RowRefused("cell_count", found=len(line.cells), expected=len(names))
        for field, places in self.layout.places.items():
            for place in places:
                if BROKEN in line.cells[place]:
                    raise RowRefused("encoding_broken", field)
                if line.cells[place].startswith(("=", "@")):
                    raise RowRefused("formula", field)

    def reference(self, line: Line) -> Reference:
        """What names the affiliate. Raises RowRefused `affiliate_missing`."""
        email = self._one(line, "affiliate_email")
        found = Reference(
            source_id=self._id(line, "affiliate_id"),
            email=None if email is None else _address(email, "affiliate_email"),
            codes=tuple(map(validation.fold_code, self._words(line, "affiliate_code"))),
            any=self._one(line, "affiliate"),
        )
        if not (found.source_id or found.email or found.codes or found.any):
            raise RowRefused("affiliate_missing")
        return found

    def affiliate(self, line: Line) -> AffiliateRow:
        """The affiliate's own data. Raises RowRefused."""
        email = self._one(line, "affiliate_email")
        if email is None:
            raise RowRefused("missing", "affiliate_email")
        refused: list[RowRefused] = []
        first, last = self._one(line, "affiliate_first_name"), self._one(line, "affiliate_last_name")
        if first is None and last is None:
            first, last = validation.split_name(self._one(line, "affiliate_name") or "")
        status, paypal = self._one(line, "affiliate_status"), self._one(line, "affiliate_paypal_email")
        return AffiliateRow(
            email=_address(email, "affiliate_email"),
            source_id=self._id(line, "affiliate_id"),
            first_name=_line_of(first),
            last_name=_line_of(last),
            status=None if status is None else statuses.affiliate(status),
            codes=self._codes(line, refused),
            paypal_email=self._paypal(paypal, refused),
            refused=tuple(refused),
        )

    def customer(self, line: Line) -> CustomerRow | None:
        """The customer; None if the file has none, or the row has none beside an affiliate's own data.

        Raises:
            RowRefused: a cell cannot be read, or none names the customer.
            RowLeftOut: `no_customer`.
        """
        if not self.layout.has_customers:
            return None
        found = {field: self._id(line, field) for field in CUSTOMER_IDS}
        status = self._one(line, "customer_status")
        stage: CustomerStage | None = None if status is None else statuses.customer(status)
        if stage == "none":
            raise RowLeftOut("no_customer")
        if not any(found.values()):
            if self.layout.enrolls or self.layout.has_money:
                return None
            raise RowRefused("customer_missing")
        stripe_id, email = found["stripe_customer_id"], found["customer_email"]
        if stripe_id is not None and not STRIPE_CUSTOMER.fullmatch(stripe_id):
            raise RowRefused("stripe_customer_invalid", "stripe_customer_id", stripe_id)
        first_paid_at = self._day(line, "first_paid_at")
        return CustomerRow(
            customer_id=found["customer_id"],
            source_id=found["customer_source_id"],
            stripe_customer_id=stripe_id,
            email=None if email is None else _address(email, "customer_email"),
            stage="paying" if first_paid_at is not None or stage is None else stage,
            referred_at=self._day(line, "referred_at"),
            first_paid_at=first_paid_at,
        )

    def money(self, line: Line) -> MoneyRow | None:
        """The commission or balance; None if the file has none, or the cell is empty beside something else.

        Raises:
            RowRefused: a cell cannot be read.
            RowLeftOut: `paid`, `voided`, `not_money`, `zero`.
        """
        field = next((field for field in MONEY if field in self.layout.places), None)
        if field is None:
            return None
        text = self._one(line, field)
        if text is None:
            if self.layout.enrolls or self.layout.has_customers:
                return None
            raise RowRefused("missing", field)
        state = self._state(line)
        written = amounts.parse(text, field)
        currency = amounts.currency_of(written, self._one(line, "currency"), self._currency)
        minor = amounts.minor_of(written, currency, self.unit)
        if minor == 0:
            raise RowLeftOut("zero")
        commission_id = self._id(line, "commission_id")
        if field == "amount" and commission_id is None:
            raise RowRefused("missing", "commission_id")
        return MoneyRow(commission_id, minor, currency, state, self._day(line, "earned_at"))

    def column(self, field: str | None) -> str | None:
        """The column of a field, as the file has it."""
        places = self.layout.places.get(field or "")
        return self.layout.names[places[0]] if places else None

    def amount_text(self, line: Line) -> str | None:
        """The amount of a line as the file has it."""
        return next((self._one(line, field) for field in MONEY if field in self.layout.places), None)

    def _state(self, line: Line) -> CommissionState:
        kind, status = self._one(line, "commission_kind"), self._one(line, "commission_status")
        if re.sub(r"[^a-z]", "", (kind or "").lower()) not in statuses.IN_MONEY:
            raise RowLeftOut("not_money")
        state = "owed" if status is None else statuses.commission(status)
        was_paid = (self._one(line, "commission_paid") or "").lower() not in statuses.NO
        if state == "voided":
            raise RowLeftOut("voided")
        if state == "paid" or was_paid:
            raise RowLeftOut("paid")
        return state

    def _codes(self, line: Line, refused: list[RowRefused]) -> tuple[str, ...]:
        """The codes of the affiliate's links, each once; those that cannot be codes are added to `refused`."""
        written = [("affiliate_code", code) for code in self._words(line, "affiliate_code")]
        for link in self._words(line, "affiliate_link"):
            code = code_of_link(link)
            if code is None:
                refused.append(RowRefused("link_without_code", "affiliate_link", link))
            else:
                written.append(("affiliate_link", code))
        codes: dict[str, None] = {}
        for field, code in written:
            try:
                codes[validation.valid_code(code)] = None
            except InvalidRequest:
                refused.append(RowRefused("code_invalid", field, code))
        return tuple(codes)

    def _paypal(self, text: str | None, refused: list[RowRefused]) -> str | None:
        try:
            return None if text is None else _address(text, "affiliate_paypal_email")
        except RowRefused as invalid:
            refused.append(invalid)
            return None

    def _one(self, line: Line, field: str) -> str | None:
        """The first cell of the field that has something; `null` and its like are nothing."""
        cells = (line.cells[place] for place in self.layout.places.get(field, ()))
        return next((cell for cell in cells if cell and cell.lower() not in validation.ABSENT), None)

    def _words(self, line: Line, field: str) -> list[str]:
        cells = (line.cells[place] for place in self.layout.places.get(field, ()))
        return [
            word for cell in cells for word in _SEPARATORS.split(cell) if word and word.lower() not in validation.ABSENT
        ]

    def _id(self, line: Line, field: str) -> str | None:
        found = self._one(line, field)
        if found is not None and (len(found) > LONGEST_ID or _line_of(found) != found):
            raise RowRefused("id_invalid", field)
        return found

    def _day(self, line: Line, field: str) -> datetime | None:
        text = self._one(line, field)
        order = cast("DayOrder | None", self.layout.formats.get(field))
        return None if text is None else days.parse(text, field, order)


def code_of_link(link: str) -> str | None:
    """The code in an affiliate's link: `adam` of `https://example.com/?via=adam`; None if it has none."""
    try:
        parameters = dict(parse_qsl(urlsplit(link).query))
    except ValueError:
        return None
    found = next((parameters[name] for name in LINK_PARAMETERS if parameters.get(name)), None)
    return found or (next(iter(parameters.values())) if len(parameters) == 1 else None)


def _address(text: str, field: str) -> str:
    try:
        return texts.email_address(text)
    except ValueError:
        raise RowRefused("email_invalid", field) from None


def _line_of(text: str | None) -> str | None:
    """`text` as one line without control characters, at most as long as an id; None without any."""
    if text is None:
        return None
    return " ".join(re.sub(f"[{texts.CONTROL}]", " ", text).split())[:LONGEST_ID] or None
