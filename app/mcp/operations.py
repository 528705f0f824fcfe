"""What a tool is: its twin in REST, its parameters as the same request models, and the function that does it."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from app import refusals
from app.errors import InvalidRequest
from app.immutable import immutable
from app.mcp.calls import Call
from app.organizations import stored_responses
from app.views import Request

PARTS: Final = ("path", "query", "body")
"""How functions of tools call their models, as routes do: the parts of the twin's request."""
IDEMPOTENCY_KEY: Final = "idempotency_key"
"""The argument for the header `Idempotency-Key`, which every POST with a key has."""


@immutable
class Operation:
    """A tool.

    Attributes:
        name: its name.
        method: the method of its twin in REST, by which it is counted as a read or a write.
        rule: the path of the twin, as its route declares it.
        permission: what a key needs for it; None: it is public.
        execute: does it; the parameters path, query and body are the models of the twin's request.
        status: the status of the twin's answer.
        fixed_query: a part of the twin's query that the tool always sends.
        is_destructive: whether it takes something away or moves money.
    """

    name: str
    method: str
    rule: str
    permission: str | None
    execute: Callable[..., BaseModel]
    status: int = 200
    fixed_query: str = ""
    is_destructive: bool = False

    @property
    def is_write(self) -> bool:
        """Whether it is counted as a write, as its twin."""
        return self.method != "GET"

    @property
    def changes_nothing(self) -> bool:
        """Whether it only reads: also a preview, whose twin is a POST."""
        return not self.is_write or self.fixed_query == "dry_run=true"

    @property
    def takes_idempotency_key(self) -> bool:
        """Whether a repetition with the same key is answered and not executed."""
        return self.method == "POST" and self.permission is not None and not self.changes_nothing

    @property
    def description(self) -> str:
        """What the model that chooses a tool reads."""
        return inspect.getdoc(self.execute) or ""

    @property
    def view(self) -> type[BaseModel]:
        """The view that it answers with."""
        view: type[BaseModel] = self._annotations()["return"]
        return view

    @property
    def models(self) -> Mapping[str, type[Request]]:
        """The request models by the part of the twin's request."""
        annotations = self._annotations()
        return {part: annotations[part] for part in PARTS if part in annotations}

    def _annotations(self) -> Mapping[str, Any]:
        return inspect.get_annotations(self.execute, eval_str=True)


@immutable
class Arguments:
    """The arguments of a call, by the part of the twin's request that each belongs to, as they were sent."""

    by_part: Mapping[str, Mapping[str, Any]]
    idempotency_key: str | None

    def path(self, rule: str) -> str:
        """The path of the twin's request."""
        for name, value in self.by_part.get("path", {}).items():
            rule = rule.replace(f"<{name}>", str(value))
        return rule


def split(operation: Operation, sent: Mapping[str, Any]) -> Arguments:
    """Divide the arguments of a call between the models of the operation.

    Raises:
        InvalidRequest: an argument cannot be stored, or the operation takes none.
    """
    refusals.refuse_unstorable(dict(sent), "")
    rest, by_part = dict(sent), {}
    key = rest.pop(IDEMPOTENCY_KEY, None) if operation.takes_idempotency_key else None
    if key is not None and not (isinstance(key, str) and stored_responses.USABLE.fullmatch(key)):
        message = f"{IDEMPOTENCY_KEY} must be a text of 1 to 255 visible ASCII characters"
        raise InvalidRequest(message, param=IDEMPOTENCY_KEY)
    for part, model in operation.models.items():
        names = {field.alias or name for name, field in model.model_fields.items()}
        by_part[part] = {name: rest.pop(name) for name in names & rest.keys()}
    if rest and not by_part:
        name = next(iter(rest))
        raise InvalidRequest(f"{name} is not known here; send no arguments", param=name)
    if rest:
        by_part[next(reversed(by_part))] |= rest  # its model refuses them by name
    return Arguments(by_part, key)


def execute(operation: Operation, call: Call, arguments: Arguments) -> BaseModel:
    """Validate the arguments and do what the operation does.

    Raises:
        InvalidRequest: arguments are missing or wrong; or as the operation.
    """
    models: dict[str, Request] = {}
    faults: list[ValidationError] = []
    for part, model in operation.models.items():
        try:
            models[part] = model.model_validate(arguments.by_part[part])
        except ValidationError as invalid:
            faults.append(invalid)
    if faults:
        sent = {name: value for values in arguments.by_part.values() for name, value in values.items()}
        raise refusals.of_invalid(*faults, sent=sent)
    return operation.execute(call, **models)
