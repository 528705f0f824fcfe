"""The document shows an example of every body, and each is of the shape beside it."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI

from app.api.document import complete

from .shapes import departures


@pytest.fixture
def document(application: Flask) -> dict[str, Any]:
    return complete(cast(OpenAPI, application))


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON body of the document with the words to find it by."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method.upper()} {path}"
            yield from ((where, body) for body in _json(operation.get("requestBody", {})))
            for status, answer in operation["responses"].items():
                yield from ((f"{where} {status}", body) for body in _json(answer))


def _json(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [body for kind, body in described.get("content", {}).items() if kind == "application/json"]


def test_every_body_has_an_example_of_its_own_shape(document: dict[str, Any]) -> None:
    shown = dict.fromkeys(where for where, _ in bodies(document))
    assert len(shown) > 100
    faults = {where: departures(document, body["schema"], body.get("example")) for where, body in bodies(document)}
    assert {where: found for where, found in faults.items() if found} == {}


def test_every_request_that_takes_a_body_shows_what_to_send(document: dict[str, Any]) -> None:
    empty = [where for where, body in bodies(document) if where.count(" ") == 1 and not body["example"]]
    assert empty == []


def test_examples_of_models_and_fields_reach_the_document(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["PartnerBody"]["properties"]["id"]["example"].startswith("par_")
    assert schemas["PartnerCreation"]["example"]["slug"] == "ada"


def test_the_page_that_shows_them_is_there(application: Flask) -> None:
    client = application.test_client()
    assert client.get("/docs").status_code == 200
    assert client.get("/openapi.json").get_json()["openapi"].startswith("3.1")
