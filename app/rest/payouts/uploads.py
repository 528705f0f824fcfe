"""Request models of uploaded files, which need Flask's type of a file."""

from pydantic import Field

from app.http.bodies import UploadedFile
from app.views import Request


class ResultFile(Request):
    """A provider's file that says what became of payouts."""

    file: UploadedFile = Field(
        description="CSV of PayPal or Wise, or with the columns reference, status, provider_id and reason."
    )
