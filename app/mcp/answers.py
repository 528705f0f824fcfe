"""Answers of tools: a view of REST as structured content, or an error with code, sentence and parameter."""

import json
from typing import Any

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel

from app.errors import RequestError
from app.immutable import immutable
from app.refusals import status_of
from app.views import to_json


@immutable
class Answer:
    """What a call came to.

    Attributes:
        status: the HTTP status that the twin in REST answers with.
        content: the view, or the description of the error under `error`, as JSON values.
        stored_form: the same as text, with null for secrets; None if it is the same.
    """

    status: int
    content: dict[str, Any]
    stored_form: str | None = None

    def stored(self) -> tuple[int, str]:
        """The status and the JSON to store for a repetition."""
        return self.status, self.stored_form or json.dumps(self.content)

    def result(self) -> CallToolResult:
        """The result of the tool: the content as structured content, and as text for clients that read only that."""
        is_error = self.status >= 400
        text = _sentence(self.content["error"]) if is_error else json.dumps(self.content, ensure_ascii=False)
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=self.content, is_error=is_error
        )


def of_view(view: BaseModel, status: int) -> Answer:
    """The answer with a view of REST."""
    return Answer(status, json.loads(to_json(view)), to_json(view, is_stored=True))


def of_refusal(refusal: RequestError) -> Answer:
    """The answer to a call that was refused: the body of REST's error."""
    described: dict[str, Any] = {"code": refusal.code, "message": refusal.message, "param": refusal.param}
    if refusal.details:
        described["details"] = refusal.details
    return Answer(status_of(refusal), {"error": described})


def of_failure(status: int, code: str, message: str) -> Answer:
    """The answer to a call that failed without the caller's mistake."""
    return Answer(status, {"error": {"code": code, "message": message, "param": None}})


def _sentence(error: dict[str, Any]) -> str:
    """The error as a model reads it: the sentence, its code and the parameter; each wrong parameter, if several are."""
    faults = error.get("details") or []
    message = "; ".join(f"{fault['param']} {fault['message']}" for fault in faults) or error["message"]
    where = f", parameter {error['param']}" if error["param"] else ""
    return f"{message} (error {error['code']}{where})"
