"""Result files are read line by line."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import money
from app.errors import InvalidRequest
from app.payouts import references
from app.payouts.files import results

ADA, BEN = references.new(1), references.new(2)


def test_own_layout_is_read() -> None:
    lines = results.read(
        f"reference,status,provider_id,reason\r\n{ADA},paid,tx_1,\r\n{BEN},failed,,closed\r\n".encode()
    )
    assert [(one.number, one.reference, one.outcome, one.provider_id, one.reason) for one in lines] == [
        (2, ADA, "paid", "tx_1", None),
        (3, BEN, "failed", None, "closed"),
    ]


def test_report_of_paypal_is_read() -> None:
    report = (
        "\ufeffREF_ID,PAYOUT_ITEM_ID,TRANSACTION_ID,RECIPIENT_NAME,RECIPIENT,CURRENCY_CODE,PAYOUT_AMOUNT,FEE,TOTAL,"
        "TRANSACTION_STATUS,ERROR_ENUM,ERROR_MESSAGE,TIME_PROCESSED,TIME_CLAIMED\n"
        f'{ADA},ITEM1,5AB1,Ada,ada@example.com,USD,"1,931.00",1.00,1932.00,SUCCESS,,,2026-11-28,2026-11-28\n'
        f"{BEN},ITEM2,,Ben,ben@example.com,USD,5.00,0.10,5.10,FAILED,RECEIVER_COUNTRY_NOT_ALLOWED,Country blocked,,\n"
        f"{BEN},ITEM3,,Ben,ben@example.com,USD,5.00,0.10,5.10,Unclaimed,,,,\n"
    )
    paid, failed, waiting = results.read(report.encode())
    assert (paid.outcome, paid.provider_id, paid.is_about(193_100, "usd")) == ("paid", "5AB1", True)
    assert not paid.is_about(193_101, "usd")
    assert not paid.is_about(193_100, "eur")
    assert (failed.outcome, failed.reason, failed.provider_id) == ("failed", "Country blocked", None)
    assert waiting.outcome == "waiting"


def test_list_of_transfers_of_wise_is_read() -> None:
    export = (
        'ID,Status,Direction,"Created on","Source amount (after fees)","Source currency","Target name",'
        '"Target amount (after fees)","Target currency",Reference,Batch\n'
        f'TRANSFER-123,COMPLETED,OUT,2026-11-28,"60.00",USD,"Ada Lovelace","50.00",EUR,{ADA},B1\n'
        f'TRANSFER-124,CANCELLED,OUT,2026-11-28,"60.00",USD,"Ben","50.00",EUR,"TEST {BEN.lower()}",B1\n'
    )
    paid, failed = results.read(export.encode())
    assert (paid.reference, paid.outcome, paid.provider_id) == (ADA, "paid", "TRANSFER-123")
    assert paid.is_about(5_000, "eur")
    assert (failed.reference, failed.outcome) == (BEN, "failed")


def test_activity_with_debits_as_negative_amounts_is_read() -> None:
    header = '"Date";"Status";"Currency";"Gross";"Transaction ID";"Customer ID"'
    activity = f'{header}\n"x";"Completed";"EUR";"-1.234,50";"T1";"{ADA}"\n'
    (line,) = results.read(activity.encode())
    assert line.is_about(123_450, "eur")
    assert line.provider_id == "T1"


def test_lines_without_a_valid_reference_or_a_known_status_are_kept_for_the_report() -> None:
    wrong = ADA[:-1] + ("0" if ADA[-1] != "0" else "1")
    lines = results.read(f"reference,status\n{wrong},paid\nINV-7,paid\n{ADA},whatever\n\n".encode())
    assert [(one.reference, one.outcome) for one in lines] == [(None, "paid"), (None, "paid"), (ADA, "unknown")]


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"name,amount\nAda,5\n", b"reference\nP1\n"])
def test_file_without_the_needed_columns_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        results.read(content)
    assert (refused.value.code, refused.value.param) == ("results_unreadable", "file")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("931.00", "usd", 93_100),
        ("931", "usd", 93_100),
        ("931,5", "usd", 93_150),
        ("1,234", "usd", 123_400),
        ("1.234.567,89", "usd", 123_456_789),
        ("1,234,567", "jpy", 1_234_567),
        ("1.234", "jpy", 1_234),
        ("1.234", "kwd", 1_234),
        ("-5.00", "usd", -500),
        ("1'234.50", "chf", 123_450),
        ("0.500", "usd", 50),
        ("1234.500", "usd", 123_450),
        (".5", "usd", 50),
        ("12.", "usd", 1_200),
        ("12.50,", "usd", None),
        ("12.34.56", "usd", None),
        ("1,23,456.00", "usd", None),
        ("1e3", "usd", None),
        ("1e999999", "usd", None),
        ("1_000", "usd", None),
        ("\u0661\u0662", "usd", None),
        ("9" * 16, "usd", None),
        (".", "usd", None),
        ("0.0015", "usd", None),
        ("five", "usd", None),
        ("nan", "usd", None),
        ("", "usd", None),
    ],
)
def test_amounts_are_read_in_the_ways_they_are_written(amount: str, currency: str, minor: int | None) -> None:
    assert money.minor_of(amount, currency) == minor


@given(st.integers(-(10**12), 10**12), st.sampled_from(["usd", "jpy", "kwd"]), st.sampled_from(["", ","]))
def test_amounts_that_we_write_read_back(minor: int, currency: str, separator: str) -> None:
    exact = Fraction(minor, 10 ** money.decimals(currency))
    written = money.decimal_text(minor, currency)
    whole, point, rest = written.partition(".")
    grouped = f"{int(whole):,}".replace(",", separator) if separator and "." in written else whole
    sign = "-" if minor < 0 and not grouped.startswith("-") else ""
    assert exact == Fraction(written)
    assert money.minor_of(f"{sign}{grouped}{point}{rest}", currency) == minor


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(InvalidRequest):
        results.read(b"reference,status\n" + content)
    with suppress(InvalidRequest):
        results.read(content)
