"""Views of reported conversions and refunds, in camelCase."""

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.commissions import queries
from app.commissions.models import Conversion
from app.commissions.reported.refunds import GivenBack
from app.views import Camel, Instant


class ReportedBody(Camel):
    """The conversion that a report made."""

    id: str = Field(examples=["cnv_01h455vb4pex5vsknk084sn02q"])
    commission_cents: int = Field(description="What it is worth to the affiliate now.")


class RefundBody(Camel):
    """A reported refund, and what is left of the conversion."""

    id: str = Field(examples=["rfd_01h455vb4pex5vsknk084sn02q"])
    conversion_id: str
    amount_cents: int
    currency: str
    external_id: str | None
    returned_cents: int = Field(description="How much of the conversion's money was returned in all.")
    commission_cents: int = Field(description="What the conversion is worth to the affiliate now.")
    created_at: Instant


def load_refund_body(session: Session, refund: GivenBack, conversion: Conversion) -> RefundBody:
    """The refund, with what is left of the conversion."""
    session.expire_all()
    _, commission, payment, _ = queries.with_commission(session, conversion)
    return RefundBody(
        id=refund.id,
        conversion_id=ids.encode(ids.CONVERSION, conversion.id),
        amount_cents=refund.amount_minor,
        currency=payment.currency,
        external_id=refund.external_id,
        returned_cents=payment.returned_minor,
        commission_cents=queries.net_minor(commission),
        created_at=refund.reported_at,
    )
