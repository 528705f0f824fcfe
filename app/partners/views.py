"""Partners as the two surfaces show them: `/partners` in snake_case, `/affiliates` in camelCase."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, cast

from pydantic import AfterValidator, ConfigDict, Field

from app import ids, texts
from app.ledger.sums import Sums
from app.paging import Between, HasMore, Numbered
from app.partners.enrollment import EmailState
from app.partners.figures.statistics import in_currency
from app.partners.models import Partner, Snapshot
from app.partners.rules import percent_text, slug
from app.partners.terms.snapshots import AppliesTo
from app.programs.terms import Commission
from app.views import Camel, EmailAddress, Instant, OneLine, Request, Snake

PartnerStatus = Literal["invited", "active", "deactivated"]
AffiliateStatus = Literal["pending", "active", "paused", "banned"]
PayoutMethod = Literal["paypal", "stripe", "bank_transfer", "crypto"]
Percent = Annotated[
    Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2, description="0 to 100, at most two decimals, exact.")
]
Name = Annotated[str, Field(max_length=200), OneLine()]
Slug = Annotated[str, AfterValidator(slug)]
MOST_METADATA_BYTES: Final = 16 * 1024


def _plain_and_bearable(metadata: dict[str, Any]) -> dict[str, Any]:
    for name, value in metadata.items():
        texts.refuse_control(value, of=texts.one_line(name))
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    if size > MOST_METADATA_BYTES:
        raise ValueError(f"has {size} bytes as JSON; give at most {MOST_METADATA_BYTES}")
    return metadata


Metadata = Annotated[
    dict[Annotated[str, Field(max_length=40)], str | int | float | bool | None],
    Field(
        max_length=50,
        description="Your own values, given back as they are; 16 KB of JSON at most, without "
        "control characters but tabs and ends of lines.",
    ),
    AfterValidator(_plain_and_bearable),
]

EMAIL_STATE: Final = (
    "`given` by the program's owner; `unconfirmed`: by the partner itself, so that it counts for nothing yet; "
    "`confirmed` by a link mailed to it; `approved`: unconfirmed, but the owner approved the partner."
)
UNSENT: Final[Any] = None
"""The default of a field that may be left out and may not be null."""

PARTNER_STATUS: Final[dict[str, PartnerStatus]] = {
    "pending": "invited",
    "active": "active",
    "paused": "deactivated",
    "banned": "deactivated",
    "deactivated": "deactivated",
}
AFFILIATE_STATUS: Final[dict[str, AffiliateStatus]] = {
    "pending": "pending",
    "active": "active",
    "paused": "paused",
    "banned": "banned",
    "deactivated": "paused",
}


class PartnerPath(Request):
    """Which partner."""

    partner_id: str = Field(description="A partner's id; `par_…` and `aff_…` are two names of one partner.")


class PartnerQuery(Numbered, Between):
    """Which partners; `since` and `until` are about `created_at`."""

    per_page: int = Field(default=20, ge=1, le=100)
    status: PartnerStatus | None = None
    search: str | None = Field(default=None, max_length=200, description="Part of an e-mail, a name or a slug.")


class AffiliateQuery(Numbered):
    """Which page of affiliates."""

    limit: int = Field(default=50, ge=1, le=100)


class CommissionSnapshot(Request):
    """Terms of the partner's own, stamped when it is created."""

    commission: Commission
    holdback_days: int | None = Field(default=None, ge=0, le=3650)


class PartnerCreation(Request):
    """Somebody to invite."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.com", "slug": "ada", "commission_pct": 25}]}
    )

    email: EmailAddress
    slug: Slug
    first_name: Name | None = None
    last_name: Name | None = None
    commission_pct: Percent | None = Field(default=None, description="A rate of its own; null: the program's.")
    payout_method: PayoutMethod | None = None
    payout_email: EmailAddress | None = None
    metadata: Metadata | None = None
    program_id: str | None = Field(default=None, description="Null: your default program.")
    parent_id: str | None = Field(default=None, description="The partner that invited it: its upline.")
    commission_snapshot: CommissionSnapshot | None = None


def hide_defaults(schema: dict[str, Any]) -> None:
    """Keep defaults out of the document where they only mark what was not sent: people would send them."""
    for field in schema["properties"].values():
        field.pop("default", None)


class PartnerChange(Request):
    """What is left out stays."""

    model_config = ConfigDict(json_schema_extra=hide_defaults)

    email: EmailAddress = UNSENT
    slug: Slug = UNSENT
    first_name: Name | None = None
    last_name: Name | None = None
    status: PartnerStatus = Field(default=UNSENT, examples=["active"])
    commission_pct: Percent | None = Field(default=None, description="Null: back to the program's terms of today.")
    apply_to: AppliesTo = Field(
        default=UNSENT, description="Whose coming payments commission_pct is for; all_customers unless said."
    )
    payout_method: PayoutMethod | None = None
    payout_email: EmailAddress | None = None
    metadata: Metadata = UNSENT
    parent_id: str | None = Field(default=None, description="Its upline from now on; null: none.")


class PartnerBody(Snake):
    """One affiliate's enrollment in one program."""

    id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    email: str
    email_state: EmailState = Field(description=EMAIL_STATE)
    first_name: str | None
    last_name: str | None
    slug: str
    status: PartnerStatus
    commission_pct: float | None = Field(
        description="The partner's own rate; null where the program's terms hold, or what is its own is no single rate."
    )
    payout_method: PayoutMethod | None
    payout_email: str | None
    stripe_account_id: str | None
    metadata: dict[str, Any]
    parent_id: str | None = Field(description="Its upline; null: nobody.")
    created_at: Instant


class Totals(Snake):
    """Integers in the currency's smallest unit; total_earned = pending + approved + paid."""

    total_commissions: int
    total_earned_cents: int
    pending_cents: int
    approved_cents: int
    paid_cents: int


class CurrencyTotals(Totals):
    """The same sums in one currency."""

    currency: str


class PartnerWithStats(PartnerBody):
    """Statistics are left out for keys that may not read commissions."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    stats: Totals | None = Field(default=None, description="In the program's currency.")
    stats_by_currency: list[CurrencyTotals] | None = None


class PartnerPage(Snake):
    """A page of partners."""

    data: list[PartnerBody]
    total: int
    page: int
    per_page: int
    has_more: HasMore


class AffiliateBody(Camel):
    """A partner under the name other systems give it."""

    id: str = Field(examples=["aff_01h455vb4pex5vsknk084sn02q"])
    name: str | None
    email: str
    email_state: EmailState = Field(description=EMAIL_STATE)
    short_code: str
    status: AffiliateStatus
    commission_override: str | None = Field(description="The partner's own rate in percent.", examples=["25"])
    created_at: Instant
    activated_at: Instant | None


class AffiliatePage(Camel):
    """A page of affiliates."""

    data: list[AffiliateBody]
    page: int
    limit: int
    has_more: HasMore


def partner_body(partner: Partner, snapshot: Snapshot | None) -> PartnerBody:
    """The partner with the rate of the snapshot in force."""
    return PartnerBody(**_partner_fields(partner, snapshot))


def partner_with_stats(
    partner: Partner, snapshot: Snapshot | None, every: list[Sums], program_currency: str
) -> PartnerWithStats:
    """The partner with what it earned, in the program's currency and in each."""
    by_currency = [CurrencyTotals(currency=one.currency, **_totals(one)) for one in every]
    stats = Totals(**_totals(in_currency(every, program_currency)))
    return PartnerWithStats(**_partner_fields(partner, snapshot), stats=stats, stats_by_currency=by_currency)


def affiliate_body(partner: Partner, snapshot: Snapshot | None) -> AffiliateBody:
    """The same partner as the affiliates surface shows it."""
    rate_bps = _override_bps(snapshot)
    return AffiliateBody(
        id=ids.encode(ids.AFFILIATE, partner.id),
        name=" ".join(filter(None, (partner.first_name, partner.last_name))) or None,
        email=partner.email,
        email_state=cast("EmailState", partner.email_state),
        short_code=partner.slug,
        status=AFFILIATE_STATUS[partner.status],
        commission_override=None if rate_bps is None else percent_text(rate_bps),
        created_at=partner.created_at,
        activated_at=partner.activated_at,
    )


def _partner_fields(partner: Partner, snapshot: Snapshot | None) -> dict[str, Any]:
    rate_bps = _override_bps(snapshot)
    created_at: datetime = partner.created_at
    return {
        "id": ids.encode(ids.PARTNER, partner.id),
        "program_id": ids.encode(ids.PROGRAM, partner.program_id),
        "email": partner.email,
        "email_state": partner.email_state,
        "first_name": partner.first_name,
        "last_name": partner.last_name,
        "slug": partner.slug,
        "status": PARTNER_STATUS[partner.status],
        # A rate to show, not to compute with; two decimals survive a float and its JSON exactly.
        "commission_pct": None if rate_bps is None else rate_bps / 100,
        "payout_method": partner.payout_method,
        "payout_email": partner.payout_email,
        "stripe_account_id": partner.stripe_account_id,
        "metadata": partner.details,
        "parent_id": ids.encode(ids.PARTNER, partner.parent_id) if partner.parent_id else None,
        "created_at": created_at,
    }


def _totals(one: Sums) -> dict[str, int]:
    return {
        "total_commissions": one.commission_count,
        "total_earned_cents": one.earned_minor,
        "pending_cents": one.pending_minor,
        "approved_cents": one.approved_minor,
        "paid_cents": one.paid_minor,
    }


def _override_bps(snapshot: Snapshot | None) -> int | None:
    # The first rate of a tiered commission is not its rate, and sending it back would take the tiers away.
    if snapshot is None or not snapshot.is_override or snapshot.commission["type"] == "tiered":
        return None
    rate_bps: int | None = snapshot.commission.get("bps")
    return rate_bps
