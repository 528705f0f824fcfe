"""Facts read from events, as plain values: Stripe's documents are not used beyond the handlers that make these."""

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any, Final

from app.immutable import immutable

LATEST_SECONDS: Final = 2**33
"""The year 2242; a later time in a document is invalid."""


class Kind:
    """Kinds of objects with stored facts. Plain strings, because an enum's members are slow to convert to JSON."""

    INVOICE: Final = "invoice"
    PAYMENT_INTENT: Final = "payment_intent"
    CHARGE: Final = "charge"
    SESSION: Final = "session"
    INVOICE_PAYMENT: Final = "invoice_payment"
    REFUND: Final = "refund"
    DISPUTE: Final = "dispute"
    CREDIT_NOTE: Final = "credit_note"
    WARNING: Final = "warning"
    REPORTED: Final = "reported"
    """A conversion the merchant reported through the API: a payment outside Stripe, an event or an entitlement."""
    REPORTED_REFUND: Final = "reported_refund"
    """A refund outside Stripe that the merchant reported."""
    SUBSCRIPTION: Final = "subscription"
    CUSTOMER: Final = "customer"
    DISCOUNT: Final = "discount"


RETURN_KINDS: Final = (Kind.REFUND, Kind.DISPUTE, Kind.CREDIT_NOTE, Kind.WARNING, Kind.REPORTED_REFUND)
"""Kinds of returns: money that went back to the customer, or may go back."""
MONEY_KINDS: Final = (
    Kind.INVOICE,
    Kind.PAYMENT_INTENT,
    Kind.CHARGE,
    Kind.SESSION,
    Kind.INVOICE_PAYMENT,
    Kind.REPORTED,
    *RETURN_KINDS,
)
"""Kinds of the objects of a payment, in the order in which they become the root of a payment group.

Subscriptions and customers are not among them, since each has many payments."""
KINDS: Final = (*MONEY_KINDS, Kind.SUBSCRIPTION, Kind.CUSTOMER, Kind.DISCOUNT)

TRANSACTION: Final = "transaction:"
"""Prefix of a dispute's facts about balance transactions: the name has the transaction's id, the value is its amount,
whose sign is its direction."""

EMAIL: Final = "email:"
"""Prefix of facts about the payer's addresses: the name has the mark of an address, the value is always true."""

RETURNED_NOTHING: Final = frozenset({"failed", "canceled"})
"""Statuses of a refund that returned nothing to the customer."""

CAPTURED_AT: Final = "captured_at"
"""Fact: when an authorized amount was captured, Unix seconds; the last of several captures."""

ENDED_AT: Final = "ended_at"
"""Fact: when a refund failed or was canceled, Unix seconds; by the earliest event that states it."""


@immutable
class ObjectFacts:
    """A Stripe object as an event described it, or only named it.

    `facts` is empty if the object was only named. Amounts are minor units, times Unix seconds; what each kind may
    hold is in `app/payments/state/state.py` and `app/payments/state/returns.py`, which read it.
    """

    kind: str
    id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    customer: str = ""
    subscription: str = ""
    emails: tuple[str, ...] = field(default=(), repr=False)
    """E-mail addresses of the payer as written in the document. Only marks of them are stored."""
    time_facts: tuple[str, ...] = ()
    """Names of facts whose value is when this was stated: `CAPTURED_AT`, `ENDED_AT`."""


@immutable
class NameFact:
    """A name found on a Stripe object: of a partner, a touchpoint session or a discount."""

    object_id: str
    carrier: str
    name: str
    session_id: str
    field_path: str
    refers_to: str = ""
    """The reference if it names no partner: `discount:di_…`, `promotion_code:promo_…`, `coupon:…`, `code:…`."""


@immutable
class Reading:
    """All facts of an event that commissions depend on."""

    objects: tuple[ObjectFacts, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Pairs of ids of objects that belong to the same payment."""
    names: tuple[NameFact, ...] = ()
    states_amount: bool = False
    """Whether it states a payment's amount. Such an event is recorded as the cause of the payment's entries first."""
    is_return: bool = False
    """Whether it states that money was returned to the customer."""
    is_ignored: bool = False
    is_captured: bool = True


@immutable
class ReadEvent:
    """A reading with its event.

    Attributes:
        occurred_at: the time of its facts; of contradicting facts the newest is used.
        evident_at: the time from which its names count. For an event both are the same. A fetched document has the
            facts of now, but a name on an invoice that was paid last year counts from then.
        is_backfill: whether a backfill inserted the event.
    """

    id: int
    stripe_id: str
    occurred_at: datetime
    evident_at: datetime
    reading: Reading
    is_backfill: bool = False


def seconds(stated: object) -> int | None:
    """A time in a document as Unix seconds; None if it is missing, not a time, or out of range."""
    is_time = isinstance(stated, int) and not isinstance(stated, bool) and 0 <= stated < LATEST_SECONDS
    return stated if is_time else None  # type: ignore[return-value]


def moment(stated: object) -> datetime | None:
    """A time in a document as a datetime; None if it is missing, not a time, or out of range."""
    unix_seconds = seconds(stated)
    return None if unix_seconds is None else datetime.fromtimestamp(unix_seconds, UTC)
