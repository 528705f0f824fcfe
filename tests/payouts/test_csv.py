"""The list of payouts as CSV: the rows of JSON, amounts as decimals too, on every page of the filter."""

import csv
import io
import json

import pytest

from app.http import csv_lists

from .till import Till


def test_payouts_as_csv_are_those_of_json_with_decimals(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lists, "ROWS_AT_ONCE", 1)
    till.sets(platform_fee_bps=500)
    for code, base in (("ada", 4900), ("ben", 9900), ("dan", 1900)):
        till.owes(code, base)
    run = till.runs()
    path = f"{till.program}/payouts"
    shown = till.caller.get(path).json["data"]
    written = list(csv.DictReader(io.StringIO(till.caller.csv(path).text)))
    assert [row["id"] for row in written] == [row["id"] for row in shown]
    assert [(row["gross"], row["fee"], row["net"], row["currency"]) for row in written] == [
        ("3.80", "0.19", "3.61", "usd"),
        ("19.80", "0.99", "18.81", "usd"),
        ("9.80", "0.49", "9.31", "usd"),
    ]
    assert [json.loads(row["destination"]) for row in written] == [row["destination"] for row in shown]
    [of_ada] = csv.DictReader(io.StringIO(till.caller.csv(path, partner_id=till.partner("ada"), run_id=run["id"]).text))
    assert of_ada["gross_cents"] == "980"
    assert list(csv.DictReader(io.StringIO(till.caller.csv(path, status="paid").text))) == []
