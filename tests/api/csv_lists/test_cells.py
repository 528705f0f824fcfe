"""Cells of CSV: amounts with decimals, and text that a spreadsheet executes none of."""

from typing import Any

import pytest

from app import csv_text
from app.views import Camel, Snake
from tests.api.conftest import Caller

from .conftest import rows_of


class _Sum(Snake):
    currency: str
    gross_cents: int
    fee_cents: int | None
    fee: str
    details: dict[str, Any]


class _Camel(Camel):
    amount_cents: int
    currency: str
    is_new: bool


def test_decimals_follow_the_currency_and_take_no_name_of_a_field() -> None:
    assert csv_text.columns(_Sum) == ("currency", "gross_cents", "gross", "fee_cents", "fee_decimal", "fee", "details")
    yen = _Sum(currency="jpy", gross_cents=-500, fee_cents=None, fee="x", details={"a": "=1"})
    assert csv_text.lines([csv_text.cells(yen)]) == 'jpy,-500,-500,,,x,"{""a"": ""=1""}"\r\n'
    dinar = _Camel(amount_cents=12_345, currency="KWD", is_new=True)
    assert csv_text.columns(_Camel) == ("amountCents", "amount", "currency", "isNew")
    assert csv_text.lines([csv_text.cells(dinar)]) == "12345,12.345,KWD,true\r\n"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", '"\'\r=1"'),
        ("\n=1", '"\'\n=1"'),
        ("\uff1d1", "'\uff1d1"),
        ("-12.00", "-12.00"),
        ("-٣", "'-٣"),
        ("a=1", "a=1"),
        ('a,"b"', '"a,""b"""'),
        ("Zoë", "Zoë"),
        (-980, "-980"),
        (None, ""),
    ],
)
def test_text_that_may_be_a_formula_is_marked_and_numbers_never(cell: csv_text.Cell, written: str) -> None:
    assert csv_text.lines([[cell, "end"]]) == f"{written},end\r\n"


def test_names_that_begin_as_formulas_are_marked(owner: Caller) -> None:
    body = {"email": "+eve@example.com", "slug": "eve", "first_name": '=HYPERLINK("http://example.com")'}
    assert owner.post("/api/v1/partners", body).status_code == 201
    [newest, *_] = rows_of(owner.csv("/api/v1/partners"))
    assert newest["first_name"] == '\'=HYPERLINK("http://example.com")'
    assert newest["email"] == "'+eve@example.com"
    [newest, *_] = rows_of(owner.csv("/api/v1/affiliates"))
    assert newest["name"].startswith("'=")
