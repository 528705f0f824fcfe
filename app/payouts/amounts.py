"""Amounts of a payout: gross, fee and net, their split over its commissions, and what a return takes back. Pure.

All amounts are minor units of the payout's currency.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from uuid import UUID

from app.errors import LedgerError
from app.immutable import immutable
from app.money import half_up, percentage, split


@immutable
class PayoutLine:
    """The part of one commission in a payout; both amounts are negative where a debt is netted."""

    commission_id: UUID
    gross_minor: int
    fee_minor: int

    @property
    def net_minor(self) -> int:
        """What of it reaches the partner."""
        return self.gross_minor - self.fee_minor


@immutable
class PayoutAmounts:
    """A payout's amounts; `lines` add up to them exactly. Nothing can be paid: all 0, without lines."""

    gross_minor: int
    fee_minor: int
    net_minor: int
    lines: tuple[PayoutLine, ...]


NOTHING = PayoutAmounts(0, 0, 0, ())


def amounts_of(payable_lines: Sequence[tuple[UUID, int]], fee_bps: int, step: int = 1) -> PayoutAmounts:
    """What a payout of these payables is.

    Gross is the largest amount up to their sum whose net is a multiple of `step`. What it leaves out stays payable on
    the positive lines, from the last backwards; negative lines are always taken whole.

    Example: -980 and 1500 at 5 % is gross 520, fee 26, net 494; the lines' fees are -49 and 75.

    Args:
        payable_lines: each commission with its payable amount, which may be negative; in the order of the payout.
        fee_bps: the program's platform fee, 0 to 10000.
        step: the smallest amount that the method can carry in this currency, 1 or more.
    """
    payable_minor = sum(minor for _, minor in payable_lines)
    if payable_minor <= 0:
        return NOTHING
    most_minor = _net(payable_minor, fee_bps) // step * step
    if most_minor == 0:
        return NOTHING
    gross_minor = bisect_right(range(payable_minor + 1), most_minor, key=lambda minor: _net(minor, fee_bps)) - 1
    taken = _without_rest(payable_lines, payable_minor - gross_minor)
    return _amounts(taken, gross_minor - most_minor)


def returned(lines: Sequence[PayoutLine], before_minor: int, amount_minor: int) -> PayoutAmounts:
    """What of a payout comes back when `amount_minor` of its net is returned, after `before_minor` was returned.

    Cumulative: gross and fee are in proportion to all that has come back so far, over the lines by running totals.
    After a return of the whole net every line has come back exactly.

    Raises:
        LedgerError: the payout's net is less than what would have come back.
    """
    gross_minor = sum(line.gross_minor for line in lines)
    fee_minor = sum(line.fee_minor for line in lines)
    net_minor = gross_minor - fee_minor
    if not 0 <= before_minor < before_minor + amount_minor <= net_minor:
        raise LedgerError(f"{before_minor} + {amount_minor} of {net_minor} cannot be returned")
    weights = [line.gross_minor for line in lines]

    def part(total_minor: int, so_far_minor: int) -> list[int]:
        return split(half_up(total_minor * so_far_minor, net_minor), weights)

    after_minor = before_minor + amount_minor
    parts = zip(
        lines,
        _differences(part(gross_minor, after_minor), part(gross_minor, before_minor)),
        _differences(part(fee_minor, after_minor), part(fee_minor, before_minor)),
        strict=True,
    )
    back = tuple(PayoutLine(line.commission_id, gross, fee) for line, gross, fee in parts if gross or fee)
    total_gross_minor = sum(line.gross_minor for line in back)
    return PayoutAmounts(total_gross_minor, total_gross_minor - amount_minor, amount_minor, back)


def _net(gross_minor: int, fee_bps: int) -> int:
    return gross_minor - percentage(gross_minor, fee_bps)


def _without_rest(payable_lines: Sequence[tuple[UUID, int]], rest_minor: int) -> list[tuple[UUID, int]]:
    """The lines without `rest_minor`, which is taken off the positive ones from the last backwards; none is 0."""
    taken = []
    for commission_id, minor in reversed(payable_lines):
        less_minor = min(rest_minor, max(minor, 0))
        rest_minor -= less_minor
        if minor != less_minor:
            taken.append((commission_id, minor - less_minor))
    return taken[::-1]


def _amounts(taken: Sequence[tuple[UUID, int]], fee_minor: int) -> PayoutAmounts:
    fees = split(fee_minor, [minor for _, minor in taken])
    lines = tuple(PayoutLine(commission, minor, fee) for (commission, minor), fee in zip(taken, fees, strict=True))
    gross_minor = sum(minor for _, minor in taken)
    return PayoutAmounts(gross_minor, fee_minor, gross_minor - fee_minor, lines)


def _differences(after: Iterable[int], before: Iterable[int]) -> list[int]:
    return [one - other for one, other in zip(after, before, strict=True)]
