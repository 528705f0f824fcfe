"""The document shows an example of every body, and each is of the shape beside it."""

import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI

from app.http.openapi.document import complete

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


def test_docs_page_and_api_document_are_served(application: Flask) -> None:
    client = application.test_client()
    assert client.get("/docs").status_code == 200
    assert client.get("/openapi.json").get_json()["openapi"].startswith("3.1")


def test_operation_ids_are_short_and_each_is_used_once(document: dict[str, Any]) -> None:
    found = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(found)) == len(found)
    assert [one for one in found if not re.fullmatch(r"[a-z]+(_[a-z]+)+", one) or len(one) > 48] == []


def test_every_refusal_has_one_error_schema_and_below_client_another(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if name.startswith("Error")] == [
        "Error",
        "ErrorDescription",
    ]
    refused = [
        (where, body["schema"]) for where, body in bodies(document) if re.search(r" [45]\d\d$", where) is not None
    ]
    assert len(refused) > 100
    for_apps = {where: schema for where, schema in refused if " /client/" in where}
    assert {schema["$ref"] for schema in for_apps.values()} == {"#/components/schemas/ClientError"}
    others = {schema["$ref"] for where, schema in refused if where not in for_apps}
    assert others == {"#/components/schemas/Error"}


COMMISSIONS = ("Percentage", "Flat", "Recurring", "Tiered")


@pytest.mark.parametrize(
    "model", ["ProgramCreation", "ProgramBody", "SnapshotBody", "MyProgram", "SnapshotNote", "TermsNote"]
)
def test_a_commission_is_described_as_one_of_its_shapes(document: dict[str, Any], model: str) -> None:
    described = document["components"]["schemas"][model]["properties"]["commission"]
    assert [one["$ref"].rpartition("/")[2] for one in described["oneOf"]] == list(COMMISSIONS)
    assert described["discriminator"]["propertyName"] == "type"


WITHOUT_IDS = (
    "/api/v1/partners",
    "/v1/admin/affiliate/programs",
    "/api/v1/stripe-endpoints",
    "/api/v1/organizations",
    "/api/v1/api-keys",
)
"""Paths to which the example of a POST can be sent as it is: it names nothing that must be there before."""


@pytest.mark.parametrize("path", WITHOUT_IDS)
def test_an_example_that_names_no_id_is_accepted_as_it_is(
    application: Flask, document: dict[str, Any], key: str, path: str
) -> None:
    (body,) = _json(document["paths"][path]["post"]["requestBody"])
    answer = application.test_client().post(path, json=body["example"], headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 201, answer.text


def test_the_example_of_a_program_makes_one_that_pays(document: dict[str, Any]) -> None:
    (body,) = _json(document["paths"]["/v1/admin/affiliate/programs"]["post"]["requestBody"])
    assert body["example"]["status"] == "active"
