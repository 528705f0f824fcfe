"""What an explanation says, part by part. No customer's name, address or payload is in it."""

from typing import Any

from pydantic import Field

from app.api.shapes import Instant, Snake
from app.payments.shapes import PaymentBody
from app.stripe_events.shapes import EventBody


class RefundNote(Snake):
    """A refund; one that failed or was canceled returned nothing."""

    id: str
    amount_cents: int
    status: str


class AttributionNote(Snake):
    """Who is credited, and the carrier that proved it."""

    id: str
    partner_id: str
    partner_code: str
    subject: str = Field(description="What is bound: a subscription, a customer, or this payment alone.")
    carrier: str
    carrier_in_words: str
    name: str = Field(description="What stood there.")
    field_path: str = Field(examples=["data.object.metadata.affiliate_id"])
    object_id: str
    event_id: str
    evident_at: Instant
    bound_at: Instant


class ConversionNote(Snake):
    """The payment as something that counts for a program."""

    id: str
    program_id: str
    partner_id: str
    verdict: str = Field(description="`earns`, or the outcome that stopped it when it was first settled.")


class PostingNote(Snake):
    """One signed line of an entry."""

    account: str
    amount_minor: int = Field(description="Debit positive, credit negative.")
    currency: str


class EntryNote(Snake):
    """One balanced fact of the ledger."""

    id: str
    kind: str
    cause: str
    reason: str
    occurred_at: Instant
    created_at: Instant
    details: dict[str, Any]
    postings: list[PostingNote]


class SnapshotNote(Snake):
    """The terms stamped onto the partner that this was computed from."""

    id: str
    source: str
    commission: dict[str, Any]
    is_override: bool = Field(description="Set for this partner, instead of the program's own.")
    effective_from: Instant


class TermsNote(Snake):
    """The version of the program's terms behind the snapshot."""

    id: str
    version: int
    commission: dict[str, Any]
    commission_base: str
    holdback_days: int | None


class CommissionNote(Snake):
    """What one beneficiary earns on the payment, and how that came about."""

    id: str
    partner_id: str
    partner_code: str
    level: int
    status: str
    currency: str
    base_minor: int
    rate_bps: int | None
    amount_minor: int = Field(description="With nothing returned.")
    held_minor: int = Field(description="What it is worth now.")
    calculation: dict[str, Any]
    holdback_days: int | None
    accrued_at: Instant
    mature_at: Instant | None
    snapshot: SnapshotNote
    terms: TermsNote
    entries: list[EntryNote]


class PaymentExplanation(Snake):
    """Where one payment's commissions, or their absence, come from."""

    summary: str = Field(description="The end of the story in one sentence.")
    sentences: list[str] = Field(description="The whole story, for people.")
    payment: PaymentBody
    base: dict[str, Any] = Field(description="How the base came about, figure by figure, in minor units.")
    events: list[EventBody]
    refunds: list[RefundNote]
    attribution: AttributionNote | None
    conversion: ConversionNote | None
    commissions: list[CommissionNote]


class Explanation(Snake):
    """What is known of an id: its event if it is one, and the payments it is a part of."""

    id: str
    summary: str
    sentences: list[str]
    event: EventBody | None
    payments: list[PaymentExplanation]
    is_complete: bool = Field(description="False: only the newest payments are shown.")


class MovedNote(Snake):
    """What an event moved on one commission."""

    entry: EntryNote
    commission_id: str
    partner_id: str
    payment_id: str


class EventStory(EventBody):
    """An event with what it led to."""

    payments: list[str] | None = Field(default=None, description="The payments its object is a part of.")
    moved: list[MovedNote] | None = Field(default=None, description="For keys that may read commissions.")
