"""Views of explanations. They contain no customer's name, no address and no payload."""

from typing import Any

from pydantic import Field

from app.explanations.returns import ReturnNote
from app.explanations.search import PlaceSearched
from app.payments.views import PaymentBody
from app.programs.shapes import StoredCommission
from app.programs.views import CouponPrecedence
from app.stripe_events.views import EventBody
from app.views import Instant, Snake


class RivalNote(Snake):
    """The partner that is not credited, where a link and a promotion name different partners."""

    partner_id: str
    partner_code: str
    carrier: str = Field(examples=["promotion_code"])
    carrier_text: str = Field(description="The carrier, for people.")
    name: str = Field(description="The value found there.")
    object_id: str
    field_path: str
    program_id: str = Field(description="The program of the promotion's partner, whose `coupon_precedence` decided.")
    coupon_precedence: CouponPrecedence


class AttributionNote(Snake):
    """The partner that is credited, and the carrier that proved it."""

    id: str
    partner_id: str
    partner_code: str
    subject: str = Field(description="What the attribution is for: a subscription, a customer, or this payment alone.")
    carrier: str
    carrier_text: str = Field(description="The carrier, for people.")
    name: str = Field(description="The value found there.")
    field_path: str = Field(examples=["data.object.metadata.affiliate_id"])
    object_id: str
    event_id: str
    session_id: str | None = Field(description="The session named beside the partner, or that of the touchpoint.")
    touchpoint_id: str | None = Field(description="For carrier `touchpoint`: its id; `evident_at` is its time.")
    evident_at: Instant
    bound_at: Instant
    decided_by: str | None = Field(description="By hand: who decided, `key_…`.")
    decided_because: str | None = Field(description="By hand: the reason.")
    rival: RivalNote | None = Field(
        default=None, description="Another partner that was named, by a link or by a promotion; null: none was."
    )


class ConversionNote(Snake):
    """The payment as something that counts for a program."""

    id: str
    program_id: str
    program_name: str
    partner_id: str
    verdict: str = Field(description="`earns`, or the outcome that stopped it when it was first settled.")


class DecisionNote(Snake):
    """An approval or rejection of a payment's commissions; a person's newest decision counts."""

    verdict: str = Field(examples=["approved"])
    decided_by: str = Field(description="`clock`, or the person: a key's id, `cli`.")
    reason: str
    is_forced: bool = Field(description="Approved during a hold.")
    decided_at: Instant


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
    reason: str = Field(description="Why it was posted, from the codes in `details`, as a part of a sentence.")
    occurred_at: Instant
    created_at: Instant
    details: dict[str, Any]
    postings: list[PostingNote]


class SnapshotNote(Snake):
    """The terms stamped onto the partner that this was computed from."""

    id: str
    source: str
    commission: StoredCommission
    is_override: bool = Field(description="Set for this partner, instead of the program's own.")
    effective_from: Instant


class TermsNote(Snake):
    """The version of the program's terms behind the snapshot."""

    id: str
    version: int
    commission: StoredCommission
    commission_base: str
    holdback_days: int | None


class CommissionNote(Snake):
    """What a beneficiary earns on the payment, and its calculation."""

    id: str
    partner_id: str
    partner_code: str
    level: int
    cycle: int | None = Field(description="Its billing cycle; null for one-time sales and without a limit.")
    status: str
    currency: str
    base_minor: int
    rate_bps: int | None
    amount_minor: int = Field(description="What the terms give with nothing returned.")
    net_minor: int = Field(description="The amount net of reversals: what it is worth now.")
    calculation: dict[str, Any]
    holdback_days: int | None
    accrued_at: Instant
    mature_at: Instant | None
    approved_at: Instant | None = Field(description="The time from which it is approved.")
    approval_posted_at: Instant | None = Field(description="When the ledger last moved it to payable.")
    snapshot: SnapshotNote
    terms: TermsNote
    entries: list[EntryNote]


class PaymentExplanation(Snake):
    """The explanation of a payment's commissions, or of why there are none."""

    summary: str = Field(description="The result for the payment in one sentence.")
    sentences: list[str] = Field(description="The whole explanation, for people.")
    time_zone: str = Field(description="The zone of the days in its sentences: the program's, else UTC.")
    payment: PaymentBody
    base: dict[str, Any] = Field(
        description="How the base is computed, in minor units; `formula` is a code, whose text is among the sentences."
    )
    events: list[EventBody] = Field(description="The newest 200 events about it, oldest first.")
    refunds: list[ReturnNote] = Field(description="Refunds; those that failed or were canceled returned nothing.")
    disputes: list[ReturnNote]
    credit_notes: list[ReturnNote]
    warnings: list[ReturnNote] = Field(description="Early fraud warnings.")
    hold: str | None = Field(description="What keeps the clock from approving: `dispute` or `warning`.")
    held_until: Instant | None
    attribution: AttributionNote | None
    conversion: ConversionNote | None
    decisions: list[DecisionNote]
    commissions: list[CommissionNote]
    searched: list[PlaceSearched] = Field(
        default=[], description="For a payment without a partner: every place where a name was looked for."
    )
    nearest_code: str | None = Field(default=None, description="The known code most similar to an unknown one.")
    merged_into: str | None = Field(default=None, description="The payment (`pmt_…`) that this one was merged into.")
