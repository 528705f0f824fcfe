"""Builds an example for every body in the OpenAPI document from the examples of its fields. Pure."""

from collections.abc import Mapping
from typing import Any, Final

SAMPLE_ID: Final = "01h455vb4pex5vsknk084sn02q"
WHEN: Final = "2026-11-21T09:30:00.000Z"
SAMPLES: Final[Mapping[str, Any]] = {
    "account": "acct_1Pg",
    "actor": f"key_{SAMPLE_ID}",
    "amount": "9.80",
    "api_version": "2026-09-30.endive",
    "charge": "ch_1Pg",
    "code": "ada",
    "commission": {"type": "percentage", "bps": 2000},
    "currency": "usd",
    "customer": "cus_Pg",
    "email": "ada@example.com",
    "external_id": "order-1001",
    "invoice": "in_1Pg",
    "object_id": "in_1Pg",
    "payment_intent": "pi_1Pg",
    "reason": "She came through Ada.",
    "request_id": "5f2b8c0d9e",
    "secret": "whsec_as_stripe_shows_it",
    "slug": "ada",
    "url": "https://example.com/",
}
"""Example values by field name, for fields without an example."""
PREFIXES: Final[Mapping[str, str]] = {
    "affiliate": "aff",
    "attribution": "att",
    "campaign": "prog",
    "commission": "com",
    "conversion": "cnv",
    "endpoint": "whe",
    "delivery": "omd",
    "webhook_endpoint": "owe",
    "organization": "org",
    "parent": "org",
    "partner": "par",
    "payment": "pmt",
    "program": "prog",
    "tenant": "org",
}
"""Prefixes of ids by the field's name without `_id`."""


def example_of(
    schema: Mapping[str, Any], components: Mapping[str, Any], name: str = "", *, is_request: bool = False
) -> Any:
    """An example value for a schema.

    Args:
        schema: a schema of the document.
        components: the document's schemas by name.
        name: the name of the field with this schema.
        is_request: whether it is part of a request; optional fields without an example are then left out.
    """
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    for keyword in ("example", "const"):
        if keyword in schema:
            return schema[keyword]
    if "enum" in schema:
        return schema["enum"][0]
    for choices in ("anyOf", "oneOf", "allOf"):
        if choices in schema:
            return example_of(schema[choices][0], components, name, is_request=is_request)
    if schema.get("type") == "array":
        return [example_of(schema["items"], components, name.removesuffix("s"), is_request=is_request)]
    if schema.get("type") == "object":
        return _object(schema, components, name, is_request=is_request)
    return _plain(schema, name)


def _object(schema: Mapping[str, Any], components: Mapping[str, Any], name: str, *, is_request: bool) -> Any:
    if "properties" not in schema:
        return SAMPLES.get(name, {})
    needed = schema.get("required", [])
    return {
        field: example_of(inner, components, field, is_request=is_request)
        for field, inner in schema["properties"].items()
        if not is_request or field in needed or "example" in inner
    }


def _plain(schema: Mapping[str, Any], name: str) -> Any:
    kind = schema.get("type")
    if kind in {"integer", "number"}:
        return schema.get("default") or schema.get("minimum") or 1
    if kind == "boolean":
        return schema.get("default", False)
    if kind == "null":
        return None
    return _text(schema, name)


def _text(schema: Mapping[str, Any], name: str) -> str:
    if schema.get("format") == "date-time":
        return WHEN
    if schema.get("format") == "date":
        return WHEN[:10]
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    kind = snake.removesuffix("_id")
    if kind != snake and kind in PREFIXES:
        return f"{PREFIXES[kind]}_{SAMPLE_ID}"
    sample = SAMPLES.get(snake, SAMPLES.get(snake.rpartition("_")[2], snake.replace("_", " ") or "text"))
    text: str = schema.get("default") or str(sample)
    return text
