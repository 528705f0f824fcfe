"""Request models for application forms and partner agreements."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.programs.applying.commands import LONGEST
from app.programs.applying.fields import Fields
from app.views import Request


class FormChange(Request):
    """All fields of the form, in their order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"fields": [{"name": "website", "label": "Your website", "type": "url", "required": True}]}]
        }
    )

    fields: Fields


class NewAgreement(Request):
    """A version of the partner agreement."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)] = Field(
        description="Plain text.", examples=["Do not advertise on our name."]
    )
