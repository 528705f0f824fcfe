"""Listing payments by outcome, attribution and conflict, and finding a payment or a customer's scope."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound
from app.immutable import immutable
from app.paging import EVER, Numbered, Page, Span, load_page, owned_by, within
from app.payments.models import Payment
from app.stripe_events.scope import Scope

UNATTRIBUTED: Final = ("unattributed", "unknown_code", "outside_window")
"""Outcomes of payments that are credited to no partner, and that a person can still attribute."""


@immutable
class PaymentFilter:
    """A filter of payments: they must meet every given condition.

    Attributes:
        livemode: of live money or of test money.
        outcome: a word of `OUTCOMES`; payments merged into others are listed only by theirs.
        attributed: False: those credited to no partner; True: all others.
        conflict: True: those whose partner was paid although evidence credits another now; False: all others.
        paid: when the customer paid.
    """

    livemode: bool
    outcome: str | None = None
    attributed: bool | None = None
    conflict: bool | None = None
    paid: Span = EVER


def list_payments(
    session: Session, organization_ids: Sequence[UUID], filters: PaymentFilter, paging: Numbered, *, limit: int
) -> Page[Payment]:
    """A page of payments, newest first. Raises InvalidRequest."""
    outcome, attributed, conflict = filters.outcome, filters.attributed, filters.conflict
    matching = select(Payment).where(
        owned_by(Payment.organization_id, organization_ids), Payment.livemode == filters.livemode
    )
    if outcome != "merged":
        matching = matching.where(Payment.merged_into_id.is_(None))
    if outcome is not None:
        matching = matching.where(Payment.outcome == outcome)
        if outcome != "accrued":
            matching = matching.where(text("payments.outcome <> 'accrued'"))  # names the index on outcomes
    if attributed is not None:
        matching = matching.where(
            Payment.outcome.not_in(UNATTRIBUTED) if attributed else Payment.outcome.in_(UNATTRIBUTED)
        )
    if conflict is not None:
        has_conflict = Payment.outcome_details.has_key("conflict")
        matching = matching.where(has_conflict if conflict else ~has_conflict)
    return load_page(
        session,
        within(matching, Payment.occurred_at, filters.paid),
        Payment.id,
        ids.PAYMENT,
        limit=limit,
        page=paging.page,
        starting_after=paging.starting_after,
    )


def get_payment(session: Session, organization_ids: Sequence[UUID], public_id: str) -> Payment:
    """The payment with this `pmt_…` id, owned by one of these organizations. Raises NotFound."""
    key = ids.decode(public_id, ids.PAYMENT)
    payment = session.scalar(select(Payment).where(Payment.id == key, Payment.organization_id.in_(organization_ids)))
    if payment is None:
        raise NotFound.of("payment", public_id)
    return payment


_CUSTOMERS = text("""
    SELECT organization_id, account, livemode FROM stripe_objects
    WHERE id = :customer AND kind = 'customer' AND organization_id = ANY (:organization_ids)
      AND account = coalesce(:account, account) AND livemode = coalesce(:livemode, livemode)
""")


def scope_of_customer(
    session: Session, organization_ids: Sequence[UUID], customer: str, *, account: str | None, livemode: bool | None
) -> Scope:
    """The organization, account and mode of the Stripe customer `cus_…`.

    `account` and `livemode` are needed only if the id occurs in several.

    Raises:
        NotFound: no event has this customer.
        InvalidRequest: the id occurs in several accounts or modes.
    """
    values = {"customer": customer, "organization_ids": list(organization_ids), "account": account}
    rows = session.execute(_CUSTOMERS, {**values, "livemode": livemode}).all()
    if not rows:
        raise NotFound.of("customer", customer, where=" in any event")
    if len(rows) > 1:
        raise InvalidRequest(
            f"{customer} exists in several accounts or modes; send account and livemode", param="account"
        )
    return Scope(*rows[0])
