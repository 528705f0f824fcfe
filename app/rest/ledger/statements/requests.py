"""Request models of statements: paths and queries."""

from typing import Annotated

from pydantic import Field

from app.paging import After
from app.views import Request

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-10"], description="2026-10")]
Currency = Annotated[str, Field(pattern="^[a-z]{3}$", description="Default: the program's.", examples=["usd"])]


class PartnerPath(Request):
    """Which partner."""

    partner_id: str


class StatementPath(Request):
    """Which statement."""

    statement_id: str


class StatementQuery(Request):
    """A page of closed statements."""

    month: Month | None = None
    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class MyStatementQuery(StatementQuery):
    """A page of your closed statements."""

    program_id: str | None = None


class PreviewQuery(Request):
    """The currency of a running month."""

    currency: Currency | None = None


class MyPreviewQuery(PreviewQuery):
    """The program and currency of your running month."""

    program_id: str
