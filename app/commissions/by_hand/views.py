"""Crediting by hand as its surface shows it."""

from typing import Annotated

from pydantic import Field

from app import ids
from app.commissions.by_hand.assign import Assigned
from app.errors import InvalidRequest
from app.payments.views import PaymentBody
from app.views import Moment, OneLine, Request, Snake

PartnerId = Annotated[str | None, Field(description="`par_…` or `aff_…`; null: no partner.")]
Reason = Annotated[str, Field(min_length=1, max_length=500, description="Why; kept for ever."), OneLine(filled=True)]
IncludePaid = Annotated[
    bool, Field(description="Also what has been paid or is in a payout; its former partner then owes it.")
]


class PaymentAssignment(Request):
    """Whose a payment is to be."""

    partner_id: PartnerId
    reason: Reason
    force: bool = Field(default=False, description="Although it may be the money of an invoice near by.")
    include_paid: IncludePaid = False


class CustomerAssignment(Request):
    """Whose a customer is to be: from a time on, or for all that is unpaid."""

    partner_id: PartnerId
    reason: Reason
    from_: Moment | None = Field(default=None, alias="from", description="Payments from then on.")
    all_unpaid: bool = Field(default=False, description="All payments, past and to come.", examples=[True])
    include_paid: IncludePaid = False
    account: str | None = Field(default=None, description="A connected account; needed if the id exists in several.")
    livemode: bool | None = Field(default=None, description="The mode; needed if the id exists in both.")


class CustomerPath(Request):
    """Which customer."""

    customer_id: str = Field(description="Stripe's id, `cus_…`.")


class PaymentAssigned(Snake):
    """The payment's present state."""

    payment: PaymentBody
    partner_id: str | None
    changed: bool = Field(description="False: it was so by hand already, and nothing was written.")


class CustomerAssigned(Snake):
    """What the decision did."""

    customer: str
    partner_id: str | None
    changed: bool
    moved: list[str] = Field(description="Payments whose commissions moved.")
    conflicts: list[str] = Field(description="Payments left as they are, because their commission has been paid.")


def demand_extent(body: CustomerAssignment) -> None:
    """Refuse a body that names no extent, or two. Raises InvalidRequest."""
    if (body.from_ is not None) == body.all_unpaid:
        raise InvalidRequest("send exactly one of from (a time) and all_unpaid: true", param="from")


def customer_assigned(customer: str, partner_id: str | None, assigned: Assigned) -> CustomerAssigned:
    """The answer."""
    return CustomerAssigned(
        customer=customer,
        partner_id=partner_id,
        changed=assigned.is_new,
        moved=[ids.encode(ids.PAYMENT, one) for one in assigned.moved],
        conflicts=[ids.encode(ids.PAYMENT, one) for one in assigned.kept],
    )
