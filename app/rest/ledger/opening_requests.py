"""Request models for opening balances: paths, queries and bodies."""

from typing import Annotated

from pydantic import Field

from app.paging import After
from app.rest.ledger.requests import MOST_MINOR
from app.views import Moment, OneLine, Request

Name = Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)]


class OpeningBalancePath(Request):
    """Which opening balance."""

    opening_balance_id: str


class OpeningBalanceQuery(Request):
    """A page of opening balances."""

    limit: int = Field(default=100, ge=1, le=500)
    starting_after: After = None


class NewOpeningBalance(Request):
    """What a partner had earned elsewhere and was not paid, or owed."""

    currency: str = Field(pattern="^[A-Za-z]{3}$", examples=["usd"])
    amount_cents: int = Field(
        strict=True,
        ge=-MOST_MINOR,
        le=MOST_MINOR,
        description="In the currency's smallest unit; negative: the partner owes it.",
        examples=[12345],
    )
    source: Name = Field(description="The system it comes from.", examples=["rewardful"])
    source_id: Name = Field(
        description="Its name there, one for each partner and currency. A repetition records nothing.",
        examples=["jane-smith:usd"],
    )
    occurred_at: Moment = Field(description="Of what time it is the balance: usually the program's cut-off.")
