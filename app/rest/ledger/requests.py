"""Request models for conversions, commissions and payments: paths, queries and bodies."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from app.commissions.reported.conversions import Report
from app.commissions.views import CommissionStatus, ConversionStatus
from app.paging import After, Between, Numbered
from app.sentences import outcomes
from app.views import Moment, OneLine, OneOf, Request


class ConversionQuery(Numbered, Between):
    """A filter of conversions; `since` and `until` limit `occurredAt`."""

    limit: int = Field(default=50, ge=1, le=100)
    affiliate_id: str | None = None
    status: ConversionStatus | None = None


class CommissionQuery(Between):
    """A filter of commissions; `since` and `until` limit `occurredAt`."""

    status: CommissionStatus | None = None
    limit: int = Field(default=100, ge=1, le=500)
    starting_after: After = None


class BalanceQuery(Request):
    """The time of balances."""

    at: Moment | None = Field(default=None, description="A time up to now; default: now.")


class BalancePage(Request):
    """A page of partners, for the list of balances as CSV."""

    limit: int = 1
    starting_after: str | None = None


class PartnerPath(Request):
    """Which partner."""

    partner_id: str


class CommissionPath(Request):
    """Which commission."""

    commission_id: str


class ConversionPath(Request):
    """The program and the conversion."""

    program_id: str
    conversion_id: str


class Approval(Request):
    """An approval; during a hold it needs `force` and a reason."""

    reason: Annotated[str, Field(max_length=500), OneLine()] = Field(default="", examples=["A customer of many years."])
    force: bool = False


class Rejection(Request):
    """A rejection, with its reason."""

    reason: Annotated[str, Field(min_length=1, max_length=500), OneLine()] = Field(
        examples=["It was her own purchase."]
    )


class BulkApproval(Request):
    """The conversions to approve: those that wait for approval and meet every condition; at least one is required."""

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
    """The id to explain."""

    id: str = Field(
        min_length=1,
        max_length=300,
        description="Ours (`com_`, `cnv_`, `pmt_`, `par_`, `prog_`, `att_`), Stripe's (`evt_`, `in_`, `cus_`, …), "
        "`manual:…`, or a partner's code or e-mail address.",
        examples=["ada"],
    )


EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


MOST_MINOR: Final = 10**14
"""More than any sale, and sums of many still fit into 64 bits."""


def _no_earlier(moment: datetime) -> datetime:
    if moment < EARLIEST:
        raise ValueError("must be a time between 2000 and 2099")
    return moment


Amount = Annotated[
    int,
    Field(
        gt=0, le=MOST_MINOR, strict=True, description="In the currency's smallest unit; commissions compute from it."
    ),
]


Currency = Annotated[str | None, Field(pattern="^[A-Za-z]{3}$", description="Null: the program's.", examples=["usd"])]


ExternalId = Annotated[
    Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)] | None,
    Field(description="Your own id of it; each id is accepted once."),
]


Word = Annotated[str, Field(min_length=1, max_length=200), OneLine()] | None


HappenedAt = Annotated[
    Annotated[AwareDatetime, AfterValidator(_no_earlier)] | None, Field(description="When it happened; null: now.")
]


AFFILIATE: Final = "aff_01h455vb4pex5vsknk084sn02q"


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class ConversionReport(Request):
    """Money that did not pass through Stripe."""

    model_config = _example(affiliate_id=AFFILIATE, amount_cents=4900, external_id="order-17")

    affiliate_id: str
    amount_cents: Amount
    external_id: ExternalId = None
    currency: Currency = None
    program_id: str | None = Field(default=None, description="Null: the affiliate's own.")
    occurred_at: HappenedAt = None
    event_name: Word = None
    entitlement_id: Word = None


class ProgramReport(Request):
    """A conversion of a program, with the signal that the program requires."""

    model_config = _example(affiliate_id=AFFILIATE, event_name="signup", external_id="user-42")

    affiliate_id: str
    amount_cents: Amount | None = None
    currency: Currency = None
    external_id: ExternalId = None
    project_id: Annotated[str, Field(max_length=200), OneLine()] = Field(
        default="", description="Distinguishes equal external ids."
    )
    event_name: Word = None
    entitlement_id: Word = None
    occurred_at: HappenedAt = None


class RefundReport(Request):
    """Money given back outside Stripe."""

    model_config = _example(amount_cents=1000, external_id="refund-17")

    amount_cents: Amount
    external_id: ExternalId = None


class AnyConversionPath(Request):
    """Which conversion."""

    conversion_id: str


class ProgramPath(Request):
    """Which program."""

    program_id: str


def report_of(body: ConversionReport | ProgramReport) -> Report:
    """The report in the body."""
    return Report(
        amount_minor=body.amount_cents,
        currency=body.currency.lower() if body.currency else None,
        external_id=body.external_id,
        project_id=body.project_id if isinstance(body, ProgramReport) else "",
        event_name=body.event_name,
        entitlement_id=body.entitlement_id,
        occurred_at=body.occurred_at,
    )


OutcomeCode = Annotated[str, OneOf(outcomes.OUTCOMES)]


class UnattributedQuery(Numbered, Between):
    """A filter of payments that no partner is credited with."""

    limit: int = Field(default=50, ge=1, le=100)
    outcome: OutcomeCode | None = None


class PaymentQuery(UnattributedQuery):
    """A filter of payments; `since` and `until` limit `occurred_at`."""

    attributed: bool | None = Field(default=None, description="False: only those that no partner is credited with.")
    conflict: bool | None = Field(
        default=None, description="True: only those whose partner was paid before evidence credited another."
    )


class WaitingQuery(Numbered):
    """Which page."""

    limit: int = Field(default=50, ge=1, le=100)
