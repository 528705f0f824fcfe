"""The ledger's worked tables are what the code computes."""

import re

import pytest

from app import money
from app.ledger.positions import Line, Position

from .pages import table_under

PAGE = "docs/ledger.md"
LIVES = ["One commission's life", "After approval and payout"]


@pytest.mark.parametrize("row", table_under(PAGE, "Worked numbers"), ids=" ".join)
def test_worked_number(row: list[str]) -> None:
    base, rate, gross, returned, worth = row
    rate_bps = round(float(rate.removesuffix(" %")) * 100)
    earned = money.percentage(int(base), rate_bps)
    assert money.after_return(earned, int(returned), int(gross)) == int(worth)


@pytest.mark.parametrize("heading", LIVES)
def test_every_entry_balances_and_leads_to_the_position_beside_it(heading: str) -> None:
    position = Position()
    for what, debit, credit, afterwards in table_under(PAGE, heading):
        lines = [*_lines(debit, 1), *_lines(credit, -1)]
        assert sum(line.amount_minor for line in lines) == 0, what
        position = position.after(lines)
        shown = (position.accrued_minor, position.payable_minor, position.clearing_minor, position.paid_minor)
        assert shown == tuple(map(int, afterwards.split(" / "))), what


def _lines(cell: str, sign: int) -> list[Line]:
    return [Line(account, sign * int(amount)) for account, amount in re.findall(r"(\w+) (\d+)", cell)]
