"""Reported conversions and refunds as the merchant sends them, and the answers."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field
from sqlalchemy.orm import Session

from app import ids
from app.commissions import listing
from app.commissions.models import Conversion
from app.commissions.reported.conversions import Report
from app.commissions.reported.refunds import GivenBack
from app.views import Camel, Instant, OneLine, Request

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
MOST_MINOR: Final = 10**14
"""More than any sale; sums of many still fit into 64 bits."""


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
    Field(description="Your own id of it; it is taken once only."),
]
Word = Annotated[str, Field(min_length=1, max_length=200), OneLine()] | None
Moment = Annotated[
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
    occurred_at: Moment = None
    event_name: Word = None
    entitlement_id: Word = None


class ProgramReport(Request):
    """A conversion of one program, with the signal that the program counts."""

    model_config = _example(affiliate_id=AFFILIATE, event_name="signup", external_id="user-42")

    affiliate_id: str
    amount_cents: Amount | None = None
    currency: Currency = None
    external_id: ExternalId = None
    project_id: Annotated[str, Field(max_length=200), OneLine()] = Field(
        default="", description="Tells equal external ids apart."
    )
    event_name: Word = None
    entitlement_id: Word = None
    occurred_at: Moment = None


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


class ReportedBody(Camel):
    """What a report made."""

    id: str = Field(examples=["cnv_01h455vb4pex5vsknk084sn02q"])
    commission_cents: int = Field(description="What it is worth to the affiliate now.")


class RefundBody(Camel):
    """A reported refund, and what it left of the conversion."""

    id: str = Field(examples=["rfd_01h455vb4pex5vsknk084sn02q"])
    conversion_id: str
    amount_cents: int
    currency: str
    external_id: str | None
    returned_cents: int = Field(description="What of the conversion's money has gone back in all.")
    commission_cents: int = Field(description="What the conversion is worth to the affiliate now.")
    created_at: Instant


def report_of(body: ConversionReport | ProgramReport) -> Report:
    """What the body says."""
    return Report(
        amount_minor=body.amount_cents,
        currency=body.currency.lower() if body.currency else None,
        external_id=body.external_id,
        project_id=body.project_id if isinstance(body, ProgramReport) else "",
        event_name=body.event_name,
        entitlement_id=body.entitlement_id,
        occurred_at=body.occurred_at,
    )


def load_refund_body(session: Session, given: GivenBack, conversion: Conversion) -> RefundBody:
    """The refund, with what it left of the conversion."""
    session.expire_all()
    _, commission, payment, _ = listing.with_commission(session, conversion)
    return RefundBody(
        id=given.id,
        conversion_id=ids.encode(ids.CONVERSION, conversion.id),
        amount_cents=given.amount_minor,
        currency=payment.currency,
        external_id=given.external_id,
        returned_cents=payment.returned_minor,
        commission_cents=listing.held_minor(commission),
        created_at=given.reported_at,
    )
