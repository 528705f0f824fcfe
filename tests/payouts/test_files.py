"""Files of payouts, byte by byte; what is bad in one line harms that line only."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sepaxml.validation import try_valid_xml

from app.payouts import references
from app.payouts.files import kinds
from app.payouts.files.formats import sepa
from app.payouts.files.formats.sepa_text import clean
from app.payouts.files.kinds import Target
from app.payouts.files.lines import FileLine, file_name
from app.payouts.methods import MethodName
from app.sentences import payouts
from tests.payouts.file_lines import HEAD, line

GOLDEN = Path(__file__).parent / "golden"
TEST_HEAD = replace(HEAD, livemode=False)
IBAN_LINE = line("wise", "eur", 5_000, account_holder="Zoë Krüger", iban="DE89370400440532013000", bic="COBADEFFXXX")
WITHOUT_EMAIL = replace(IBAN_LINE, destination={k: v for k, v in IBAN_LINE.destination.items() if k != "email"})

FILES: dict[str, Sequence[FileLine]] = {
    "paypal.csv": [
        line("paypal"),
        line("paypal", net_minor=5, reference="P0000000000002B", email="ben@example.com"),
    ],
    "paypal_huf.csv": [line("paypal", "huf", 1_234_500)],
    "wise_email.csv": [line("wise", "eur"), line("wise", "eur", 100, account_holder="Ben, Son & Co")],
    "wise_iban.csv": [WITHOUT_EMAIL],
    "payoneer.csv": [line("payoneer"), line("payoneer", "jpy", 5_000)],
    "bank_list.csv": [
        line("bank_transfer", "gbp", iban="GB33BUKB20201555555555"),
        replace(
            line("bank_transfer", country="US"),
            country="US",
            destination={"account_holder": "Ben", "account_number": "000123456789", "bic": "CHASUS33"},
        ),
    ],
    "bank_list_crypto.csv": [line("crypto")],
    "sepa.xml": [
        line("bank_transfer", "eur"),
        line(
            "bank_transfer",
            "eur",
            7,
            reference="P0000000000002B",
            account_holder="Łukasz Żółć 😀 <b>",
            iban="DE89370400440532013000",
            bic="COBADEFF",
            town="München",
            country="DE",
        ),
    ],
}


def shared_out(lines: list[FileLine]) -> list[list[FileLine]]:
    """The lines of each file, as a run makes one after the other."""
    files, left = [], lines
    while left:
        targets = [(one, Target(one.method, one.currency, one.country, one.destination.keys())) for one in left]
        files.append(kinds.next_file(targets))
        taken = {one.reference for one in files[-1]}
        left = [one for one in left if one.reference not in taken]
    return files


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("livemode", [True, False], ids=["live", "test"])
def test_file_has_exactly_these_bytes(name: str, livemode: bool) -> None:
    head = HEAD if livemode else TEST_HEAD
    rendered = kinds.render(head, FILES[name])
    golden = GOLDEN / (name if livemode else f"TEST_{name}")
    assert rendered.decode() == golden.read_bytes().decode()
    assert kinds.render(head, FILES[name]) == rendered


@pytest.mark.parametrize("name", FILES)
def test_test_money_is_marked_in_the_name_and_in_every_line(name: str) -> None:
    lines = FILES[name]
    extension = kinds.FORMATS[lines[0].kind].extension
    assert file_name(TEST_HEAD, lines[0].kind, lines[0].currency, extension).startswith("TEST-payouts-")
    assert not file_name(HEAD, lines[0].kind, lines[0].currency, extension).startswith("TEST")
    marked = kinds.render(TEST_HEAD, lines).decode()
    assert marked.count("TEST ") >= len(lines)
    assert "TEST" not in kinds.render(HEAD, lines).decode()


def test_bank_transfers_are_valid_by_the_schema_of_pain_001_001_09() -> None:
    lines = [replace(FILES["sepa.xml"][0], reference=references.new(number)) for number in range(200)]
    document = kinds.render(HEAD, lines)
    try_valid_xml(document, "pain.001.001.09")
    assert document.count(b"<PmtInf>") == 1
    assert b"<NbOfTxs>200</NbOfTxs><CtrlSum>186200.00</CtrlSum>" in document


def test_ids_and_time_of_a_document_are_those_of_its_row() -> None:
    document = kinds.render(HEAD, FILES["sepa.xml"])
    assert document.count(sepa.message_id(HEAD).encode()) == 2
    assert b"<CreDtTm>2026-11-28T16:20:03Z</CreDtTm>" in document
    assert len(sepa.message_id(HEAD)) <= 35


def test_file_of_paypal_with_one_line_too_many_becomes_two() -> None:
    lines = [replace(line("paypal"), reference=references.new(number)) for number in range(5_001)]
    files = shared_out(lines)
    assert [len(file) for file in files] == [5_000, 1]
    assert [one for file in files for one in file] == lines
    assert kinds.render(HEAD, files[0]).count(b"\r\n") == 5_000


def test_lines_that_need_other_columns_or_another_currency_are_in_files_of_their_own() -> None:
    methods_mixed = [
        line("paypal"),
        line("wise", "eur"),
        line("paypal", "eur"),
        WITHOUT_EMAIL,
        line("bank_transfer", "eur"),
        line("bank_transfer", "gbp", iban="GB33BUKB20201555555555"),
        line("crypto", "gbp"),
        line("paypal"),
    ]
    mixed = [replace(one, reference=references.new(number)) for number, one in enumerate(methods_mixed)]
    shared = [[one.kind for one in file] for file in shared_out(mixed)]
    assert shared == [
        ["paypal", "paypal"],
        ["wise"],
        ["paypal"],
        ["wise"],
        ["sepa"],
        ["bank_list"],
        ["bank_list"],
    ]


@pytest.mark.parametrize(
    ("method", "currency", "field", "value", "code"),
    [
        ("paypal", "usd", "email", "=1+1@example.com", "formula"),
        ("paypal", "usd", "email", "", "no_letters"),
        ("payoneer", "usd", "email", "ada@example.com\r\nben@example.com", "control_character"),
        ("wise", "usd", "account_holder", "=HYPERLINK(A1)", "formula"),
        ("wise", "usd", "account_holder", "@ada", "formula"),
        ("wise", "usd", "account_holder", "\t-1", "formula"),
        ("wise", "usd", "account_holder", "😀", "no_letters"),
        ("wise", "usd", "account_holder", "Ada\x00", "control_character"),
        ("bank_transfer", "gbp", "account_holder", "+ADA", "formula"),
        ("bank_transfer", "eur", "account_holder", "😀", "no_letters"),
        ("bank_transfer", "eur", "town", "", "no_letters"),
        ("bank_transfer", "eur", "iban", "NL91 ABNA", "malformed"),
        ("bank_transfer", "eur", "bic", "ABNANL", "malformed"),
        ("bank_transfer", "eur", "country", "Netherlands", "malformed"),
    ],
)
def test_bad_field_is_named_and_harms_its_own_line_only(
    method: MethodName, currency: str, field: str, value: str, code: str
) -> None:
    bad, good = replace(line(method, currency), country="NL"), replace(line(method, currency), country="NL")
    bad = replace(bad, destination=bad.destination | {field: value})
    found = kinds.problem(bad)
    assert found is not None
    assert (found.code, found.params["field"]) == (code, field)
    assert payouts.refusal(found.details).startswith(field)
    assert kinds.problem(good) is None
    assert kinds.render(HEAD, [good])


def test_partner_whose_name_is_a_formula_is_not_in_a_list_of_crypto_addresses() -> None:
    found = kinds.problem(replace(line("crypto"), name='=HYPERLINK("https://example.com")'))
    assert found is not None
    assert found.details == {"refusal": "formula", "field": "name"}


def test_text_of_a_bank_transfer_is_cut_to_what_banks_take() -> None:
    long = line("bank_transfer", "eur", account_holder="A" * 90, town="T" * 36, reference="P0000000000001A")
    document = kinds.render(replace(HEAD, program_name="Acme " * 60), [long]).decode()
    assert f"<Nm>{'A' * 70}</Nm>" in document
    assert f"<TwnNm>{'T' * 35}</TwnNm>" in document


@given(st.text(max_size=90), st.integers(1, 70))
def test_cleaned_text_has_only_the_characters_of_the_sepa(text: str, longest: int) -> None:
    cleaned = clean(text, longest)
    assert len(cleaned) <= longest
    assert set(cleaned) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
    assert not cleaned.startswith(("/", " "))
    assert not cleaned.endswith(("/", " "))
    assert "//" not in cleaned
    assert clean(cleaned, longest) == cleaned


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5), st.sampled_from(["wise", "bank_transfer"]))
def test_any_names_give_a_file_that_reads_back(names: list[str], method: MethodName) -> None:
    lines = [line(method, "gbp", iban="GB33BUKB20201555555555", account_holder=name) for name in names]
    good = [one for one in lines if kinds.problem(one) is None]
    if not good:
        return
    rows = list(csv.reader(io.StringIO(kinds.render(HEAD, good).decode(), newline="")))
    assert [row[0] for row in rows[1:]] == [one.destination["account_holder"] for one in good]
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in rows for cell in row)
