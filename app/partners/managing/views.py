"""A program's partners as its owner manages them, in snake_case; this surface calls them affiliates."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app import ids
from app.ledger.sums import Sums
from app.paging import After, HasMore
from app.partners.enrollment import EmailState
from app.partners.models import Partner, Snapshot
from app.partners.views import AFFILIATE_STATUS, EMAIL_STATE, AffiliateStatus, Slug, Totals
from app.programs.terms import StoredCommission
from app.views import EmailAddress, Instant, OneLine, Request, ShownOnce, Snake


class AffiliatePath(Request):
    """Which partner of which program."""

    program_id: str
    affiliate_id: str = Field(description="`par_…` and `aff_…` are two names of one partner.")


class AffiliateQuery(Request):
    """Which of the program's partners."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None
    status: AffiliateStatus | None = None


class Invitation(Request):
    """Somebody to invite: an address, or an organization that exists."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com"}]})

    email: EmailAddress
    organization_id: str | None = Field(default=None, description="An organization that has its own keys.")
    name: Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)] | None = Field(
        default=None, description="The person's or company's; null: what the partner says when it joins."
    )
    slug: Slug | None = Field(default=None, description="The code of its links; null: made from the name.")


class Earnings(Totals):
    """What was earned and is still worth something, in one currency."""

    total_conversions: int


class CurrencyEarnings(Earnings):
    """The same sums with their currency."""

    currency: str


class ProgramAffiliate(Snake):
    """One affiliate's enrollment in the program."""

    id: str = Field(examples=["aff_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    organization_id: str | None = Field(description="Its own organization; null until it has one.")
    email: str
    email_state: EmailState = Field(description=EMAIL_STATE)
    first_name: str | None
    last_name: str | None
    slug: str
    status: AffiliateStatus
    commission: StoredCommission | None = Field(description="What it earns by its snapshot; null until it is approved.")
    holdback_days: int | None
    created_at: Instant
    activated_at: Instant | None


class AffiliateWithTotals(ProgramAffiliate):
    """Totals are left out for keys that may not read commissions."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    totals: Earnings | None = Field(default=None, description="In the program's currency.")
    totals_by_currency: list[CurrencyEarnings] | None = None


class ProgramAffiliatePage(Snake):
    """A page of a program's partners."""

    data: list[AffiliateWithTotals | ProgramAffiliate]
    has_more: HasMore


class Invited(ProgramAffiliate):
    """Who was invited, and the link that makes it join."""

    signup_url: ShownOnce = Field(
        description="Shown this once and good for one use; null for an organization, which accepts with its own key."
    )
    expires_at: Instant | None


def affiliate_fields(partner: Partner, snapshot: Snapshot | None) -> dict[str, Any]:
    """What every answer about a partner has."""
    organization_id = partner.partner_organization_id
    return {
        "id": ids.encode(ids.AFFILIATE, partner.id),
        "program_id": ids.encode(ids.PROGRAM, partner.program_id),
        "organization_id": ids.encode(ids.ORGANIZATION, organization_id) if organization_id else None,
        "email": partner.email,
        "email_state": partner.email_state,
        "first_name": partner.first_name,
        "last_name": partner.last_name,
        "slug": partner.slug,
        "status": AFFILIATE_STATUS[partner.status],
        "commission": snapshot.commission if snapshot else None,
        "holdback_days": snapshot.holdback_days if snapshot else None,
        "created_at": partner.created_at,
        "activated_at": partner.activated_at,
    }


def with_totals(
    partner: Partner, snapshot: Snapshot | None, every: Iterable[Sums], program_currency: str
) -> AffiliateWithTotals:
    """The partner with what it ever earned, in the program's currency and in each."""
    by_currency = list(every)
    own = next((one for one in by_currency if one.currency == program_currency), Sums(program_currency))
    return AffiliateWithTotals(
        **affiliate_fields(partner, snapshot),
        totals=Earnings(**earnings(own)),
        totals_by_currency=[CurrencyEarnings(currency=one.currency, **earnings(one)) for one in by_currency],
    )


def earnings(one: Sums) -> dict[str, int]:
    """Sums under the names of the answers."""
    return {
        "total_conversions": one.conversion_count,
        "total_commissions": one.commission_count,
        "total_earned_cents": one.earned_minor,
        "pending_cents": one.pending_minor,
        "approved_cents": one.approved_minor,
        "paid_cents": one.paid_minor,
    }
