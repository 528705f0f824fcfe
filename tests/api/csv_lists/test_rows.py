"""Lists as CSV have the rows, fields and filters of JSON."""

import json
from typing import Any

import pytest

from tests.api.conftest import Caller

from .conftest import rows_of


def _as_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def test_every_list_has_the_rows_and_fields_of_json(owner: Caller, shop: dict[str, str]) -> None:
    for name, path in shop.items():
        answer = owner.get(path).json
        listed = answer["commissions"] if "commissions" in answer else answer["data"]
        written = rows_of(owner.csv(path))
        assert len(written) == len(listed) >= 3, name
        for row, view in zip(written, listed, strict=True):
            assert {field: row[field] for field in view} == {field: _as_cell(value) for field, value in view.items()}


def test_amounts_in_minor_units_are_followed_by_decimals(owner: Caller, shop: dict[str, str]) -> None:
    [*_, row] = rows_of(owner.csv(shop["conversions"]))
    fields = list(row)
    assert fields[fields.index("amountCents") + 1] == "amount"
    assert (row["amountCents"], row["amount"], row["currency"]) == ("4900", "49.00", "usd")
    assert (row["commissionCents"], row["commission"]) == ("980", "9.80")
    [*_, payment] = rows_of(owner.csv(shop["payments"]))
    assert (payment["base_cents"], payment["base"]) == ("4900", "49.00")


def test_an_empty_list_is_its_header(owner: Caller) -> None:
    answer = owner.csv("/api/v1/commissions")
    assert rows_of(answer) == []
    assert answer.text.startswith("id,tenantId,attributionId,")


def test_filters_hold_and_the_page_size_has_no_effect(owner: Caller, shop: dict[str, str]) -> None:
    every = owner.csv(shop["payments"]).text
    assert owner.csv(shop["payments"], limit=1).text == every
    [unattributed] = rows_of(owner.csv(shop["payments"], attributed="false"))
    assert unattributed["outcome"] == "unattributed"
    assert rows_of(owner.csv(shop["partners"], search="unknown", per_page=1)) == []
    assert rows_of(owner.csv(shop["commissions"], status="paid")) == []


def test_the_list_continues_after_an_id(owner: Caller, shop: dict[str, str]) -> None:
    for path in shop.values():
        newest, *others = rows_of(owner.csv(path))
        assert rows_of(owner.csv(path, starting_after=newest["id"])) == others


def test_page_numbers_and_unknown_ids_are_refused_as_json(owner: Caller, shop: dict[str, str]) -> None:
    for path in (shop["payments"], shop["conversions"], shop["partners"]):
        refused = owner.csv(path, page=2)
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "page")
        refused = owner.csv(path, starting_after="nothing")
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "starting_after")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv, application/json;q=0.5", "text/csv; charset=utf-8"),
        ("application/json, text/csv;q=0.5", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_the_accept_header_decides(owner: Caller, accept: str, content_type: str) -> None:
    answer = owner.call("GET", "/api/v1/payments", {"Accept": accept})
    assert answer.headers["Content-Type"] == content_type


def test_a_file_is_offered_under_the_name_of_its_list(owner: Caller) -> None:
    assert owner.csv("/api/v1/payments").headers["Content-Disposition"] == 'attachment; filename="payments.csv"'
