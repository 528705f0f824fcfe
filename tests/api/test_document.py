"""The document is true: whatever is sent, nothing fails and nothing undocumented comes back."""

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

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
