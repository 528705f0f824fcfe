"""The page of payout files says what the files are."""

import re

from app.payouts import methods, references
from app.payouts.files import kinds
from app.payouts.files.formats import bank_list, wise
from app.payouts.files.results import OUTCOMES

from .pages import read, table_under

PAGE = "docs/reference/payout-files.md"


def test_every_kind_is_listed_with_its_limit_and_its_columns() -> None:
    rows = {row[0].strip("`"): row for row in table_under(PAGE, "All files")}
    assert tuple(rows) == methods.FILE_KINDS
    for kind, row in rows.items():
        method = next(name for name in methods.TABLE if name == kind) if kind in methods.TABLE else None
        most = (methods.TABLE[method].lines_per_file if method else None) or kinds.FORMATS[kind].most_lines
        assert row[3] == f"{most:,}", kind
    assert f"`{','.join(wise.HEADER)}`" in rows["wise"][2]
    assert rows["bank_list"][2] == f"`{','.join(bank_list.HEADER)}`"


def test_currencies_and_bounds_are_those_of_the_table() -> None:
    rows = {row[0].strip("`"): row for row in table_under(PAGE, "What each method can pay")}
    assert rows.keys() == methods.TABLE.keys()
    for name, method in methods.TABLE.items():
        listed = {code.lower() for code in re.findall(r"\b[A-Z]{3}\b", rows[name][1])}
        assert listed == (method.currencies or set()), name
        bounded = {code.lower() for code in re.findall(r"\b[A-Z]{3}\b", rows[name][3])}
        assert bounded >= {*method.smallest, *method.largest}, name


def test_example_of_a_reference_is_one() -> None:
    [example] = re.findall(r"such as `(P\w+)`", read(PAGE))
    assert references.is_reference(example)


def test_statuses_of_results_do_what_is_described() -> None:
    section = read(PAGE).partition("| a line's status")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in section.splitlines()[2:]]
    described = {
        re.sub(r"[^a-z]", "", status): outcome
        for outcome, row in zip(("paid", "failed", "waiting"), rows, strict=True)
        for status in row.split(",")
    }
    assert described.items() <= OUTCOMES.items()
