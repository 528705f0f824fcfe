"""Views of erasures, in snake_case."""

from pydantic import Field

from app.views import Instant, Snake


class FileBody(Snake):
    """A file of payouts that holds the person's account or address."""

    id: str = Field(examples=["pyf_01h455vb4pex5vsknk084sn02q"])
    run_id: str
    name: str
    downloaded_at: Instant | None = Field(description="The first download; null if it was never downloaded.")
    downloaded_by: str | None


class OpenBalance(Snake):
    """An amount that a partner has not been paid, in the currency's smallest unit."""

    partner_id: str
    livemode: bool
    currency: str
    owed_cents: int


class ErasureBody(Snake):
    """What was erased, and what still holds the person."""

    id: str = Field(examples=["era_01h455vb4pex5vsknk084sn02q"])
    customers: list[str] = Field(description="The Stripe customers that were erased.")
    partners: list[str] = Field(description="The partners that were erased.")
    counts: dict[str, int] = Field(description="How many rows were about the person, by what they are.")
    payout_files: list[FileBody] = Field(description="Files of payouts that hold the person; erase your copies.")
    exports: list[str] = Field(description="Exports that were made before and may hold the person; erase your copies.")
    open_balances: list[OpenBalance] = Field(description="What the partners are still owed, if it was forced.")
