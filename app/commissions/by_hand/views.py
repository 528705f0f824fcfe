"""Views of payments and customers credited by hand, in snake_case."""

from pydantic import Field

from app import ids
from app.commissions.by_hand.assign import Assigned
from app.commissions.by_hand.effects import Effect
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


class CommissionChange(Snake):
    """What a partner's commissions on the payments concerned are worth before and afterwards, in one currency."""

    partner_id: str
    partner_code: str
    currency: str
    before_cents: int
    after_cents: int


class AttributionPreview(Snake):
    """What the decision would change."""

    moved: int = Field(description="How many payments' commissions would move.")
    conflicts: int = Field(description="How many would not move, because their commission is paid.")
    changes: list[CommissionChange]


def attribution_preview(effect: Effect) -> AttributionPreview:
    """The answer of a preview."""
    changes = [
        CommissionChange(
            partner_id=one.partner_id,
            partner_code=one.partner_code,
            currency=one.currency,
            before_cents=one.before_minor,
            after_cents=one.after_minor,
        )
        for one in effect.changes
    ]
    return AttributionPreview(moved=effect.moved, conflicts=effect.kept, changes=changes)


def customer_assigned(customer: str, partner_id: str | None, assigned: Assigned) -> CustomerAssigned:
    """The answer."""
    return CustomerAssigned(
        customer=customer,
        partner_id=partner_id,
        changed=assigned.is_new,
        moved=[ids.encode(ids.PAYMENT, payment_id) for payment_id in assigned.moved],
        conflicts=[ids.encode(ids.PAYMENT, payment_id) for payment_id in assigned.kept],
    )
