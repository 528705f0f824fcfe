"""What an event states, as plain values: no Stripe document travels beyond the handlers that make these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

LATEST_SECONDS: Final = 2**33
"""The year 2242; a later time is none of Stripe's."""


class Kind:
    """What we keep facts about, nearly all Stripe's. Plain strings: an enum's members cost time on the way to JSON."""

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
    """What the merchant reported through the API: money, an event or an entitlement that Stripe knows nothing of."""
    REPORTED_REFUND: Final = "reported_refund"
    """Money the merchant says it gave back outside Stripe."""
    SUBSCRIPTION: Final = "subscription"
    CUSTOMER: Final = "customer"
    DISCOUNT: Final = "discount"


RETURN_KINDS: Final = (Kind.REFUND, Kind.DISPUTE, Kind.CREDIT_NOTE, Kind.WARNING, Kind.REPORTED_REFUND)
"""What came back, or may."""
MONEY_KINDS: Final = (
    Kind.INVOICE,
    Kind.PAYMENT_INTENT,
    Kind.CHARGE,
    Kind.SESSION,
    Kind.INVOICE_PAYMENT,
    Kind.REPORTED,
    *RETURN_KINDS,
)
"""The Stripe objects of one movement of money, the one that survives first; subscriptions and customers have many."""
KINDS: Final = (*MONEY_KINDS, Kind.SUBSCRIPTION, Kind.CUSTOMER, Kind.DISCOUNT)

TRANSACTION: Final = "transaction:"
"""In front of a balance transaction's id among a dispute's facts; the fact is its amount, which says its direction."""

EMAIL: Final = "email:"
"""In front of the mark of a payer's address, the name of a fact that is always true: all that were ever seen stay."""

RETURNED_NOTHING: Final = frozenset({"failed", "canceled"})
"""Refund states in which the customer has nothing back."""

CAPTURED_AT: Final = "captured_at"
"""When money that had only been authorized was captured, Unix seconds; of several captures the last."""

ENDED_AT: Final = "ended_at"
"""Since when a refund is known to have failed or been canceled, Unix seconds; the earliest statement that says so."""


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """One Stripe object as one event showed or merely named it.

    `facts` is empty where the object was only named. Amounts are minor units, times Unix seconds; what each kind may
    hold is in `app/payments/state/state.py` and `app/payments/state/returns.py`, which read it.
    """

    kind: str
    id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    customer: str = ""
    subscription: str = ""
    emails: tuple[str, ...] = field(default=(), repr=False)
    """E-mail addresses of the payer, as they are written there. They are never stored, only marks of them."""
    moments: tuple[str, ...] = ()
    """Names of facts whose value is when this was stated: `CAPTURED_AT`, `ENDED_AT`."""


@dataclass(frozen=True, slots=True)
class NameFact:
    """A partner's name (or a touchpoint session's, or a discount's) found on a Stripe object."""

    object_id: str
    carrier: str
    name: str
    session_id: str
    field_path: str
    refers_to: str = ""
    """What it leads to where it names no partner: `discount:di_…`, `promotion_code:promo_…`, `coupon:…`, `code:…`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one event says that concerns commissions."""

    objects: tuple[ObjectFacts, ...] = ()
    same_money: tuple[tuple[str, str], ...] = ()
    """Pairs of ids that belong to one movement of money."""
    names: tuple[NameFact, ...] = ()
    is_stating: bool = False
    """Whether it states a payment's amount, and so is the one a settlement is credited to."""
    is_return: bool = False
    """Whether it says that money went back to the customer."""
    is_ignored: bool = False
    is_captured: bool = True


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """A reading with the event it is from.

    Attributes:
        occurred_at: when what it states held; the newest statement is believed.
        evident_at: since when the names in it count. For an event both are the same. A document we fetched states what
            holds now, but a name on an invoice paid last year counts from then.
    """

    id: int
    stripe_id: str
    occurred_at: datetime
    evident_at: datetime
    reading: Reading


def seconds(stated: object) -> int | None:
    """The Unix seconds of the time that Stripe states; None if it states none or one that is out of range."""
    is_time = isinstance(stated, int) and not isinstance(stated, bool) and 0 <= stated < LATEST_SECONDS
    return stated if is_time else None  # type: ignore[return-value]


def moment(stated: object) -> datetime | None:
    """As `seconds`, as a time."""
    found = seconds(stated)
    return None if found is None else datetime.fromtimestamp(found, UTC)
