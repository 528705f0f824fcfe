"""Request models of uploaded files, which need Flask's type of a file."""

from typing import Annotated

from flask_openapi3 import FileStorage
from pydantic import AfterValidator, Field
from werkzeug.datastructures import FileStorage as Uploaded

from app.views import Request


def _uploaded(value: object) -> object:
    if not isinstance(value, Uploaded):
        raise ValueError("must be a file; with curl: `-F file=@FILE`")  # noqa: TRY004 - pydantic reports this one
    return value


class ResultFile(Request):
    """A provider's file that says what became of payouts."""

    file: Annotated[FileStorage, AfterValidator(_uploaded)] = Field(
        description="CSV of PayPal or Wise, or with the columns reference, status, provider_id and reason."
    )
