"""The ledger's worked tables are what the code computes."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from app import ids, money
from app.commissions.rates import amounts
from app.ledger.positions import Line, Position
from app.partners.queries.directory import SnapshotTerms
from app.payments.state.state import PaymentState
from app.programs.shapes import shape_of

from .pages import table_under

PAGE = "docs/concepts/ledger.md"
LIVES = ["One commission's life", "After approval and payout"]


@pytest.mark.parametrize("row", table_under(PAGE, "Worked numbers"), ids=" ".join)
def test_worked_number(row: list[str]) -> None:
    base, rate, gross, returned, worth = row
    rate_bps = round(float(rate.removesuffix(" %")) * 100)
    earned = money.percentage(_minor(base), rate_bps)
    assert money.after_return(earned, _minor(returned), _minor(gross)) == _minor(worth)


@pytest.mark.parametrize("row", table_under("docs/concepts/commissions.md", "Worked numbers"), ids=" ".join)
def test_worked_commission(row: list[str]) -> None:
    what, *figures = row
    base, gross, returned = map(_minor, figures[:3])
    before = int(figures[3] or 0)
    commission, _, ladder = what.partition(", above it ")
    found = amounts.calculate(_payment(base, gross, returned), _terms(commission), approved_before=before)
    above = [amounts.of_upline(found, level, 100 * int(rate)).target_minor for level, rate in _numbered(ladder)]
    assert [found.target_minor, above] == [_minor(figures[4]), [_minor(one) for one in figures[5].split(", ") if one]]


@pytest.mark.parametrize("heading", LIVES)
def test_every_entry_balances_and_leads_to_the_position_beside_it(heading: str) -> None:
    position = Position()
    for what, debit, credit, afterwards in table_under(PAGE, heading):
        lines = [*_lines(debit, 1), *_lines(credit, -1)]
        assert sum(line.amount_minor for line in lines) == 0, what
        position = position.after(lines)
        shown = (position.accrued_minor, position.payable_minor, position.clearing_minor, position.paid_minor)
        assert shown == tuple(map(_minor, afterwards.split(" / "))), what


def _numbered(text: str) -> Iterable[tuple[int, str]]:
    return enumerate(re.findall(r"\d+", text), start=1)


def _terms(words: str) -> SnapshotTerms:
    """`20 %`, `50.00 flat` or `10 %, from 10 on 20 %` as a snapshot."""
    numbers = [int(number) for number in re.findall(r"\d+", words)]
    commission: dict[str, Any] = {"type": "percentage", "bps": 100 * numbers[0]}
    if "flat" in words:
        commission = {"type": "flat", "amount_cents": _minor(words.partition(" ")[0])}
    elif "from" in words:
        tier = {"min_conversions": numbers[1], "bps": 100 * numbers[2]}
        commission = {"type": "tiered", "bps": 100 * numbers[0], "tiers": [tier]}
    return SnapshotTerms(ids.new(), ids.new(), 1, shape_of(commission), "net", None, "all_customers", datetime.now(UTC))


def _payment(base_minor: int, gross_minor: int, returned_minor: int) -> PaymentState:
    amounts = {"gross_minor": gross_minor, "base_minor": base_minor, "returned_minor": returned_minor}
    names = dict.fromkeys(("customer", "subscription", "invoice", "payment_intent", "charge"), "")
    return PaymentState(
        key="pi:pi_1", currency="usd", base_details={}, occurred_at=datetime.now(UTC), **names, **amounts
    )


def _lines(cell: str, sign: int) -> list[Line]:
    return [Line(account, sign * _minor(amount)) for account, amount in re.findall(r"(\w+) (\d+\.\d\d)", cell)]


def _minor(amount: str) -> int:
    """`9.80` as 980: dollars with both decimals, in cents."""
    assert re.fullmatch(r"-?\d+\.\d\d", amount), amount
    return int(amount.replace(".", ""))
