"""What a bulk approval answers, in camelCase."""

from pydantic import Field

from app import ids
from app.commissions.decisions.bulk_approval import Approved
from app.money import decimal_text
from app.views import Camel


class AmountIn(Camel):
    """An amount in one currency."""

    currency: str = Field(examples=["USD"])
    amount: str = Field(examples=["12.00"])


class BulkApproved(Camel):
    """Approved conversions, or those that would be approved."""

    dry_run: bool
    approved: int = Field(description="How many conversions.")
    amounts: list[AmountIn] = Field(description="Their commissions on every level, a row for each currency.")
    conversion_ids: list[str]
    on_hold: list[str] = Field(
        description="Conversions that were not approved, because a dispute or fraud warning is open; approve each "
        "with `force` and a reason."
    )
    has_more: bool = Field(
        description="Whether more are waiting: a call approves at most 500. Repeat the call until it is false."
    )


def bulk_approved(approved: Approved, *, dry_run: bool) -> BulkApproved:
    """The answer of a bulk approval."""
    return BulkApproved(
        dry_run=dry_run,
        approved=len(approved.conversion_ids),
        amounts=[
            AmountIn(currency=currency.upper(), amount=decimal_text(minor, currency))
            for currency, minor in approved.minor_by_currency.items()
        ],
        conversion_ids=[ids.encode(ids.CONVERSION, conversion_id) for conversion_id in approved.conversion_ids],
        on_hold=[ids.encode(ids.CONVERSION, conversion_id) for conversion_id in approved.held_ids],
        has_more=approved.has_more,
    )
