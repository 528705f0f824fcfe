"""How Stripe answers: with a document, or with an error in its own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from tests.stripe_stories.documents import Document

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What goes back over the wire."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON


class Refused(Exception):
    """A request that Stripe answers with an error."""

    def __init__(self, status: int, message: str, **details: str | None) -> None:
        super().__init__(message)
        self.answer = error(status, message, headers=None, **details)


def document(found: Document) -> Answer:
    """200 with this document."""
    return Answer(200, orjson.dumps(found))


def error(status: int, message: str, *, headers: Mapping[str, str] | None = None, **details: str | None) -> Answer:
    """An error in Stripe's shape; `details` are code, param, type.

    Source: Stripe API reference, "Errors".
    """
    body = {"type": "invalid_request_error", "message": message} | {
        name: value for name, value in details.items() if value is not None
    }
    if "code" in body:
        body["doc_url"] = f"https://stripe.com/docs/error-codes/{body['code'].replace('_', '-')}"
    return Answer(status, orjson.dumps({"error": body}), headers or {})


def masked(key: str) -> str:
    """A key as error messages show it."""
    return f"{key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"


def no_such(noun: str, object_id: str, param: str, *, other_mode: str | None = None) -> Refused:
    """404: nothing has this id; `other_mode` is the mode in which something does."""
    hint = ""
    if other_mode:
        mine = "test" if other_mode == "live" else "live"
        hint = f"; a similar object exists in {other_mode} mode, but a {mine} mode key was used to make this request."
    return Refused(404, f"No such {noun}: '{object_id}'{hint}", code="resource_missing", param=param)
