"""The document is true: whatever is sent, nothing fails and nothing undocumented comes back."""

from typing import Any, get_args, get_type_hints

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.http.surfaces import surfaces

from .conftest import Caller

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


EXAMPLES, ALL_EXAMPLES = 3, 100
"""Requests made up for each operation, in the suite and by `make proofs`."""


@pytest.mark.proof
def test_nothing_fails_and_every_answer_is_documented(
    application: Flask, owner: Caller, request: pytest.FixtureRequest
) -> None:
    number = ALL_EXAMPLES if request.config.getoption("--proofs") else EXAMPLES
    document = schemathesis.openapi.from_wsgi("/openapi.json", application)
    for found in document.get_all_operations():
        _try_out(found.ok(), {"Authorization": f"Bearer {owner.key}"}, number)


def test_no_two_models_have_one_name(application: Flask) -> None:
    """The document knows models by their names: of two it would show one, for the routes of both."""
    models: dict[str, set[type[BaseModel]]] = {}

    def collect(kind: Any) -> None:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            name = kind.model_config.get("title") or kind.__name__
            if kind in models.setdefault(name, set()):
                return
            models[name].add(kind)
            for field in kind.model_fields.values():
                collect(field.annotation)
        for part in get_args(kind):
            collect(part)

    for surface in surfaces(application):
        for operation in surface.operations:
            for kind in (operation.declared["responses"] or {}).values():
                collect(kind)
            collect(get_type_hints(operation.view).get("body"))
    assert len(models) > 100
    assert {name: kinds for name, kinds in models.items() if len(kinds) > 1} == {}


def _try_out(operation: APIOperation, headers: dict[str, str], number: int) -> None:
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answers_as_documented(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    answers_as_documented()
