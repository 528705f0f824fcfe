"""What may be asked about conversions, commissions and payments: paths, queries and bodies."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.commissions import listing
from app.commissions.views import CommissionStatus, ConversionStatus
from app.paging import After, Between, Numbered
from app.partners.models import Partner
from app.views import Moment, OneLine, Request


class ConversionQuery(Numbered, Between):
    """Which conversions; `since` and `until` are about `occurredAt`."""

    limit: int = Field(default=50, ge=1, le=100)
    affiliate_id: str | None = None
    status: ConversionStatus | None = None


class CommissionQuery(Between):
    """Which commissions; `since` and `until` are about `occurredAt`."""

    status: CommissionStatus | None = None
    limit: int = Field(default=100, ge=1, le=500)
    starting_after: After = None


class PartnerPath(Request):
    """Which partner."""

    partner_id: str


class CommissionPath(Request):
    """Which commission."""

    commission_id: str


class ConversionPath(Request):
    """Which conversion of which program."""

    program_id: str
    conversion_id: str


class Approval(Request):
    """An approval; during a hold it needs `force` and a reason."""

    reason: Annotated[str, Field(max_length=500), OneLine()] = Field(default="", examples=["A customer of many years."])
    force: bool = False


class Rejection(Request):
    """A rejection and why."""

    reason: Annotated[str, Field(min_length=1, max_length=500), OneLine()] = Field(
        examples=["It was her own purchase."]
    )


class BulkApproval(Request):
    """Which conversions to approve: those that wait for it and meet every condition; at least one is needed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"until": "2026-11-01T00:00:00Z", "dryRun": True}]})

    partner_id: str | None = Field(default=None, alias="partnerId", description="Credited to this partner.")
    program_id: str | None = Field(default=None, alias="programId")
    since: Moment | None = Field(default=None, description="Paid then or later.")
    until: Moment | None = Field(default=None, description="Paid before then.")
    reason: Annotated[str, Field(max_length=500), OneLine()] = ""
    dry_run: bool = Field(
        default=False, alias="dryRun", description="Change nothing; only list what would be approved."
    )


class PaymentPath(Request):
    """Which payment."""

    payment_id: str


class ExplanationQuery(Request):
    """What to explain."""

    id: str = Field(
        min_length=1,
        max_length=300,
        description="Ours (`com_`, `cnv_`, `pmt_`, `par_`, `prog_`, `att_`), Stripe's (`evt_`, `in_`, `cus_`, …), "
        "`manual:…`, or a partner's code or e-mail address.",
        examples=["ada"],
    )


def selection(query: CommissionQuery, partner: Partner | None = None) -> listing.Selection:
    """What a list of commissions is asked for; `partner` None for all."""
    return listing.Selection(
        limit=query.limit,
        starting_after=query.starting_after,
        status=query.status,
        partner=partner,
        paid=query.span,
    )
