"""The fields of an application form, and whether answers to them are complete. Pure."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from app.errors import InvalidRequest
from app.programs.validation import valid_address
from app.texts import require_line, require_text
from app.views import OneLine

FieldType = Literal["short_text", "long_text", "choice", "url"]
MOST_FIELDS: Final = 10
NAME_LENGTH: Final = 36
"""Characters of a name that is made from a question; a number may follow."""
LONGEST: Final[Mapping[str, int]] = {"short_text": 300, "long_text": 4000, "choice": 100, "url": 2000}
"""Characters of an answer, by the type of the field."""
Option = Annotated[str, Field(min_length=1, max_length=100), OneLine(filled=True)]


class FormField(BaseModel):
    """A field of an application form."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(
        description="Names the answer; it appears once in the form.", examples=["website"]
    )
    label: Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)] = Field(
        description="The question that people read.", examples=["Your website"]
    )
    type: FieldType = "short_text"
    required: Annotated[bool, Field(strict=True)] = False
    options: Annotated[list[Option], Field(max_length=20)] = Field(
        default=[], description="For `choice`: what can be chosen, at least two; else empty."
    )

    @model_validator(mode="after")
    def _check_options(self) -> "FormField":
        if self.type == "choice" and len(set(self.options)) < max(2, len(self.options)):
            raise ValueError("a choice needs at least two options, each once")
        if self.type != "choice" and self.options:
            raise ValueError("only a choice has options")
        return self


Fields = Annotated[list[FormField], Field(max_length=MOST_FIELDS)]
FIELDS: Final[TypeAdapter[list[FormField]]] = TypeAdapter(Fields)


class Answer(BaseModel):
    """An answer, with the question as the applicant read it."""

    name: str = Field(examples=["website"])
    label: str = Field(examples=["Your website"])
    answer: str = Field(examples=["https://zoe.example/"])


def made_name(label: str, taken: Collection[str]) -> str:
    """A name for a field with this question, which none of `taken` is: `your_website` for "Your website"."""
    ascii_label = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "_", ascii_label).strip("_0123456789")[:NAME_LENGTH] or "field"
    return next(name for name in (made, *(f"{made}_{number}" for number in range(2, 100))) if name not in taken)


def refuse_repeated(fields: Sequence[FormField]) -> None:
    """Refuse a form with two fields of one name. Raises InvalidRequest."""
    names = [field.name for field in fields]
    for place, name in enumerate(names):
        if name in names[:place]:
            message = f"fields.{place}.name {name!r} appears twice; give every field a name of its own"
            raise InvalidRequest(message, param=f"fields.{place}.name")


def valid_answers(fields: Sequence[FormField], sent: Mapping[str, str]) -> list[Answer]:
    """The answers in the order of the form, without those that are blank.

    Raises:
        InvalidRequest: an answer is required, wrong, or to no field; names it as `answers.<name>`.
    """
    unknown = sorted(set(sent) - {field.name for field in fields})
    if unknown:
        param = f"answers.{unknown[0][:40]}"
        raise InvalidRequest(f"{param} is no field of the application form", param=param)
    checked = ((field, _valid(field, sent.get(field.name, "").strip())) for field in fields)
    return [Answer(name=field.name, label=field.label, answer=answer) for field, answer in checked if answer]


def _valid(field: FormField, answer: str) -> str:
    param = f"answers.{field.name}"
    if not answer:
        if field.required:
            raise InvalidRequest(f"{field.label!r} needs an answer", param=param)
        return ""
    longest = LONGEST[field.type]
    if len(answer) > longest:
        message = f"the answer to {field.label!r} has {len(answer):,} characters; give at most {longest:,}"
        raise InvalidRequest(message, param=param)
    if field.type == "choice" and answer not in field.options:
        raise InvalidRequest(f"{field.label!r} needs one of its choices", param=param)
    if field.type == "url":
        return valid_address(answer, param=param)
    if field.type == "long_text":
        return require_text(answer, param=param)
    return require_line(answer, param=param)
