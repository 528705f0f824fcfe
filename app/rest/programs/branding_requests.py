"""Request models for the brand of a program."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.branding import colors, texts
from app.branding.commands import NAME_LENGTH
from app.http.bodies import UploadedFile
from app.views import EmailAddress, OneLine, Request

Text = Annotated[str, Field(max_length=texts.LONGEST)]


class BrandingChange(Request):
    """Fields that are left out do not change; null empties one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Shop friends", "color": "#0a7f5a", "portal_text": "Welcome, {partner}!"}],
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), OneLine(filled=True)] | None = None
    color: Annotated[str, Field(pattern=colors.PATTERN, examples=["#0a7f5a"])] | None = None
    support_email: EmailAddress | None = None
    portal_text: Text | None = Field(
        default=None, description="Plain text; empty lines end paragraphs. Its placeholders are in the answer."
    )
    application_text: Text | None = Field(default=None, description="As `portal_text`, above the application.")


class LogoForm(Request):
    """A logo."""

    file: UploadedFile = Field(description="A PNG or JPEG picture.")
