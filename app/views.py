"""Base models of requests and views: types for times and text, snake_case and camelCase, OpenAPI examples."""

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
    """A time as the API writes it: ISO 8601, UTC, milliseconds, `2026-11-21T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def exact_text(moment: datetime) -> str:
    """As `instant_text`, with microseconds if the time has any: for times that decide what belongs to a period."""
    if moment.microsecond % 1000 == 0:
        return instant_text(moment)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(instant_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T09:30:00.000Z"]}),
]

ExactInstant = Annotated[
    datetime,
    PlainSerializer(exact_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T09:30:00.123456Z"]}),
]
"""A time that is shown as exactly as it is compared, so that a request with it has the same answer."""


def check_year(moment: datetime) -> datetime:
    """`moment`. Raises ValueError: it is near the ends of the calendar, where date arithmetic overflows."""
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(f"must be between the years {EARLIEST_YEAR} and {LATEST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(check_year)]
"""A time in a request, with its zone; not near the ends of the calendar, where date arithmetic overflows."""


def _blank_if_stored(secret: str | None, info: SerializationInfo) -> str | None:
    return None if info.context and info.context.get("is_stored") else secret


ShownOnce = Annotated[str | None, PlainSerializer(_blank_if_stored, return_type=str | None)]
"""A secret that is shown only in the first answer: null if the answer is repeated for its `Idempotency-Key`."""


UNSENT: Final[Any] = None
"""The default of a field that may be left out but must not be null."""


def hide_defaults(schema: dict[str, Any]) -> None:
    """Remove defaults from a schema if they only mark fields that were not sent, so that clients do not send them."""
    for field in schema["properties"].values():
        field.pop("default", None)


class OneOf:
    """Annotation: the text must be one of these values: `Annotated[str, OneOf(OUTCOMES)]`."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = list(values)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(self._values)


class OneLine:
    """Annotation: the text must be a single line without control characters.

    It must be the last annotation: `Annotated[str, Field(…), OneLine()]`.

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
"""A single plain e-mail address, trimmed and in lower case."""


class Documented(BaseModel):
    """A model whose examples are shown in the OpenAPI document."""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Pydantic's schema with `example` instead of `examples`, because flask-openapi3 drops `examples`."""
        return _schema(cls, *args, **kwargs)


# Cached, because flask-openapi3 builds a query's schema for every request, which took a fifth of the request's time.
@cache
def _schema(model: type[Documented], *args: Any, **kwargs: Any) -> dict[str, Any]:
    schema: dict[str, Any] = _with_single_examples(super(Documented, model).model_json_schema(*args, **kwargs))
    return schema


def _with_single_examples(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_single_examples(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    others = {name: _with_single_examples(inner) for name, inner in schema.items() if name != "examples"}
    examples = schema.get("examples")
    return {**others, "example": examples[0]} if isinstance(examples, list) else others


class Request(Documented):
    """Base of queries and bodies; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _empty_if_missing(cls, body: Any) -> Any:
        return {} if body is None else body


class Snake(Documented):
    """Base of views in snake_case: partners, payments, events."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Camel(Documented):
    """Base of views in camelCase: affiliates, conversions, commissions."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, json_schema_serialization_defaults_required=True
    )


def to_json(view: BaseModel, *, is_stored: bool = False) -> str:
    """The view as JSON; with `is_stored` (to repeat the answer later) its `ShownOnce` secrets are null."""
    return view.model_dump_json(by_alias=True, context={"is_stored": is_stored})


def jsonable(view: BaseModel) -> dict[str, Any]:
    """The view as a dict of JSON values."""
    return view.model_dump(mode="json", by_alias=True)
