"""Views of payments and customers credited by hand, in snake_case."""

from pydantic import Field

from app import ids
from app.commissions.by_hand.assign import Assigned
from app.payments.views import PaymentBody
from app.views import Snake


class PaymentAssigned(Snake):
    """The payment's present state."""

    payment: PaymentBody
    partner_id: str | None
    changed: bool = Field(description="False: a person had already decided exactly this, and nothing was written.")


class CustomerAssigned(Snake):
    """The effect of the decision."""

    customer: str
    partner_id: str | None
    changed: bool
    moved: list[str] = Field(description="Payments whose commissions moved.")
    conflicts: list[str] = Field(description="Payments that did not move, because their commission is paid.")


def customer_assigned(customer: str, partner_id: str | None, assigned: Assigned) -> CustomerAssigned:
    """The answer."""
    return CustomerAssigned(
        customer=customer,
        partner_id=partner_id,
        changed=assigned.is_new,
        moved=[ids.encode(ids.PAYMENT, payment_id) for payment_id in assigned.moved],
        conflicts=[ids.encode(ids.PAYMENT, payment_id) for payment_id in assigned.kept],
    )
