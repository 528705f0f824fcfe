"""Request models for exports."""

from pydantic import Field

from app.paging import After
from app.transfer.exports.passphrases import LONGEST, SHORTEST
from app.views import Request


class ExportRequest(Request):
    """What is in the archive."""

    passphrase: str | None = Field(
        default=None,
        min_length=SHORTEST,
        max_length=LONGEST,
        description="Puts payout destinations into the archive, encrypted with it. It is not kept longer than needed.",
        examples=["a long sentence that only we know"],
    )


class ExportQuery(Request):
    """Which page."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class ExportPath(Request):
    """Which export."""

    export_id: str = Field(description="An export's id, `exp_…`.")
