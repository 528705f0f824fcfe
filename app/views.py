"""What answers are made of: times, ids and the two casings, each translated here and nowhere else."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from app import texts

EARLIEST_YEAR: Final = 1970
LATEST_YEAR: Final = 2200


def instant_text(moment: datetime) -> str:
    """A time as every surface writes it: ISO 8601, UTC, milliseconds, `2026-11-21T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(instant_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T09:30:00.000Z"]}),
]


def _of_our_days(moment: datetime) -> datetime:
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(f"must lie between the years {EARLIEST_YEAR} and {LATEST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_days)]
"""A time that a request names, with its zone: nothing near the ends of the calendar, which no arithmetic survives."""


def _blank_where_kept(secret: str | None, info: SerializationInfo) -> str | None:
    return None if info.context and info.context.get("is_kept") else secret


ShownOnce = Annotated[str | None, PlainSerializer(_blank_where_kept, return_type=str | None)]
"""A secret that an answer shows this once: null where the answer is repeated for its `Idempotency-Key`."""


UNSENT: Final[Any] = None
"""The default of a field that may be left out but must not be null."""


def hide_defaults(schema: dict[str, Any]) -> None:
    """Remove defaults from a schema if they only mark fields that were not sent, so that clients do not send them."""
    for field in schema["properties"].values():
        field.pop("default", None)


class OneOf:
    """Marks text as one of a closed list that stands elsewhere: `Annotated[str, OneOf(OUTCOMES)]`."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(words)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(self._words)


class OneLine:
    """Marks text as one line without control characters. Stand it last: `Annotated[str, Field(…), OneLine()]`.

    Args:
        filled: whether blank text is refused too.
    """

    def __init__(self, *, filled: bool = False) -> None:
        self._check = texts.filled_line if filled else texts.one_line
        self._pattern = texts.FILLED_LINE if filled else texts.LINE

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "pattern": self._pattern}


EmailAddress = Annotated[
    str,
    AfterValidator(texts.email_address),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": texts.ADDRESS_LENGTH,
            "pattern": texts.ADDRESS,
            "examples": ["name@example.com"],
        }
    ),
]
"""One plain address, kept trimmed and in lower case."""


class Documented(BaseModel):
    """A model whose examples the document keeps."""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As pydantic's, each `examples` said as `example`, because flask-openapi3 forgets the plural."""
        return _schema(cls, *args, **kwargs)


# Made once: flask-openapi3 asks for a query's with every request, and that cost a fifth of it.
@cache
def _schema(model: type[Documented], *args: Any, **kwargs: Any) -> dict[str, Any]:
    schema: dict[str, Any] = _in_the_singular(super(Documented, model).model_json_schema(*args, **kwargs))
    return schema


def _in_the_singular(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_in_the_singular(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _in_the_singular(inner) for name, inner in schema.items() if name != "examples"}
    examples = schema.get("examples")
    return {**kept, "example": examples[0]} if isinstance(examples, list) else kept


class Request(Documented):
    """A query or a body: what it does not know is refused by name."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _no_body_is_an_empty_one(cls, given: Any) -> Any:
        return {} if given is None else given


class Snake(Documented):
    """An answer with names as they stand in Python: partners, payments, events."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Camel(Documented):
    """An answer in camelCase: affiliates, conversions, commissions."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, json_schema_serialization_defaults_required=True
    )


def to_json(answer: BaseModel, *, is_kept: bool = False) -> str:
    """The answer as its surface's JSON; one that is kept for later has its secrets blanked."""
    return answer.model_dump_json(by_alias=True, context={"is_kept": is_kept})


def jsonable(answer: BaseModel) -> dict[str, Any]:
    """The answer as its surface's plain dict, for those who print it themselves."""
    return answer.model_dump(mode="json", by_alias=True)
