"""Fields that several forms have."""

from typing import Annotated

from pydantic import Field

from app.views import OneLine

Reason = Annotated[str, Field(min_length=1, max_length=500), OneLine(filled=True)]
"""Why a person decides something; stored permanently."""
