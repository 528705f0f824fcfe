"""Where every cent of every commission should be, through sales, refunds, disputes, decisions, payouts and write-offs.

Plain Python and exact fractions, none of Accrual's code. Each commission is a row of pots; an act moves money from one
pot to another, and only a change of what the commission is worth moves it in or out, against the expense.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from .oracle import share_returned, to_nearest

POTS = ("accrued", "payable", "clearing", "paid", "fee", "ended")
STEPS = {("paypal", "huf"): 100}
"""By method and currency, the amount of which every payout is a multiple."""
NOT_BY = {"paypal": {"kwd"}}
"""The currencies a method cannot pay in."""


@dataclass
class Commission:
    """What one partner earns on one sale.

    Attributes:
        id: as it is stored; younger ones have greater ids.
        earned_minor: with nothing returned.
        most_ended: the sum of write-offs of credit, and of debt (negative): what stays ended is between both.
    """

    id: str
    partner: str
    currency: str
    earned_minor: int
    pots: Counter[str] = field(default_factory=Counter)
    most_ended: tuple[int, int] = (0, 0)
    approved_at: datetime | None = None

    @property
    def worth_minor(self) -> int:
        """What was posted for it in all."""
        return sum(self.pots[pot] for pot in POTS)

    def becomes(self, worth_minor: int, *, is_approved: bool) -> None:
        """Move money in or out until it is worth so much."""
        change = worth_minor - self.worth_minor
        if change > 0:
            self.pots["payable" if is_approved else "accrued"] += change
        else:
            from_accrued = min(self.pots["accrued"], -change)
            self.pots["accrued"] -= from_accrued
            self.pots["payable"] += change + from_accrued
        if change:
            due, debts, credits_ = self.pots["payable"] + self.pots["ended"], self.most_ended[1], self.most_ended[0]
            self.pots["ended"] = sorted((debts, due, credits_))[1]
            self.pots["payable"] = due - self.pots["ended"]

    @property
    def status(self) -> str:
        held = self.worth_minor - self.pots["ended"]
        if held == 0:
            return "reversed"
        if self.pots["accrued"]:
            return "accrued"
        is_due = self.pots["payable"] > 0 and self.pots["paid"] == 0
        return "approved" if is_due or self.pots["clearing"] else "paid"

    def is_approved(self, at: datetime) -> None:
        self.approved_at = at
        self.pots["payable"] += self.pots.pop("accrued", 0)

    def counts(self, cutoff_at: datetime) -> bool:
        """Whether a run with this cut-off pays what is payable of it: a debt always."""
        minor = self.pots["payable"]
        return minor < 0 or (minor > 0 and self.approved_at is not None and self.approved_at <= cutoff_at)

    def moves(self, amounts: Mapping[str, int]) -> None:
        """Move money between pots; what is put in is what is taken out."""
        assert sum(amounts.values()) == 0, amounts
        self.pots.update(amounts)

    def ends(self, minor: int) -> None:
        """A person writes off so much of what is payable; below zero a debt."""
        self.moves({"payable": -minor, "ended": minor})
        credit, debt = self.most_ended
        self.most_ended = (credit + max(minor, 0), debt + min(minor, 0))


@dataclass
class Sale:
    """A payment, what went back of it, and what a person decided."""

    gross_minor: int
    commissions: list[Commission]
    refunds: list[int] = field(default_factory=list)
    disputed_minor: int = 0
    verdict: bool | None = None

    def settles(self) -> None:
        """Bring its commissions to what they are worth now."""
        back = min(sum(self.refunds) + self.disputed_minor, self.gross_minor)
        for commission in self.commissions:
            worth = commission.earned_minor - share_returned(commission.earned_minor, back, self.gross_minor)
            commission.becomes(0 if self.verdict is False else worth, is_approved=self.verdict is True)

    def decides(self, at: datetime, *, is_approval: bool) -> None:
        self.verdict = is_approval
        self.settles()
        if is_approval:
            for commission in self.commissions:
                commission.is_approved(at)


@dataclass(frozen=True)
class Line:
    """The part of a commission in a payout."""

    commission: Commission
    gross_minor: int
    fee_minor: int


@dataclass
class Payout:
    """What one partner is paid in one currency; `back_minor` is how much of its net came back."""

    partner: str
    currency: str
    lines: Sequence[Line]
    status: str = "pending"
    back_minor: int = 0

    @property
    def gross_minor(self) -> int:
        return sum(line.gross_minor for line in self.lines)

    @property
    def fee_minor(self) -> int:
        return sum(line.fee_minor for line in self.lines)

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.fee_minor

    def is_reserved(self) -> None:
        for line in self.lines:
            line.commission.moves({"payable": -line.gross_minor, "clearing": line.gross_minor})

    def is_paid(self) -> None:
        self.status = "paid"
        for line in self.lines:
            net = line.gross_minor - line.fee_minor
            line.commission.moves({"clearing": -line.gross_minor, "paid": net, "fee": line.fee_minor})

    def comes_to_nothing(self, status: str) -> None:
        """It failed or was canceled."""
        self.status = status
        for line in self.lines:
            line.commission.moves({"clearing": -line.gross_minor, "payable": line.gross_minor})

    def comes_back(self, net_minor: int) -> None:
        """So much more of the net came back: gross and fee in proportion to all that has."""
        before, self.back_minor = self.back_minor, self.back_minor + net_minor
        self.status = "returned"
        for line, (gross, fee) in zip(self.lines, self._back(before, self.back_minor), strict=True):
            line.commission.moves({"paid": fee - gross, "fee": -fee, "payable": gross})

    def _back(self, before: int, after: int) -> Iterator[tuple[int, int]]:
        weights = [line.gross_minor for line in self.lines]
        parts = [
            [shared(nearest(Fraction(total * part, self.net_minor)), weights) for total in self._totals]
            for part in (before, after)
        ]
        for (gross_then, gross_now), (fee_then, fee_now) in zip(
            zip(parts[0][0], parts[1][0], strict=True), zip(parts[0][1], parts[1][1], strict=True), strict=True
        ):
            yield gross_now - gross_then, fee_now - fee_then

    @property
    def _totals(self) -> tuple[int, int]:
        return self.gross_minor, self.fee_minor


def planned(
    commissions: Iterable[Commission],
    cutoff_at: datetime,
    methods: Mapping[str, str],
    fee_bps: int,
    minimums: Mapping[str, int],
    banned: Collection[str] = (),
) -> tuple[list[Payout], dict[tuple[str, str], str]]:
    """What a run pays of everything that is payable, and why it skips the rest, by partner and currency."""
    owed: dict[tuple[str, str], list[Commission]] = {}
    for commission in sorted(commissions, key=lambda one: one.id):
        if commission.counts(cutoff_at):
            owed.setdefault((commission.partner, commission.currency), []).append(commission)
    payouts, skipped = [], {}
    for (partner, currency), own in owed.items():
        payable, method = sum(one.pots["payable"] for one in own), methods.get(partner)
        if partner in banned:
            skipped[partner, currency] = "partner_banned"
        elif payable <= 0:
            skipped[partner, currency] = "not_positive"
        elif payable < minimums.get(currency, 0):
            skipped[partner, currency] = "below_minimum"
        elif method is None:
            skipped[partner, currency] = "no_payout_method"
        elif (gross := largest(payable, fee_bps, STEPS.get((method, currency), 1))) == 0:
            skipped[partner, currency] = "not_positive"
        elif currency in NOT_BY.get(method, set()):
            skipped[partner, currency] = "method_unavailable"
        else:
            payouts.append(Payout(partner, currency, lines_of(own, gross, fee_of(gross, fee_bps))))
    return payouts, skipped


def fee_of(gross_minor: int, fee_bps: int) -> int:
    return to_nearest(Fraction(gross_minor * fee_bps, 10_000))


def largest(payable_minor: int, fee_bps: int, step: int) -> int:
    """The largest gross whose net is a positive multiple of the step: tried from the top; 0 if there is none."""
    for gross in range(payable_minor, 0, -1):
        net = gross - fee_of(gross, fee_bps)
        if net > 0 and net % step == 0:
            return gross
    return 0


def lines_of(own: Sequence[Commission], gross_minor: int, fee_minor: int) -> list[Line]:
    """What is taken of each commission: all of it, but the rest stays on the last positive ones."""
    taken = {one.id: one.pots["payable"] for one in own}
    rest = sum(taken.values()) - gross_minor
    for one in reversed(own):
        less = min(rest, max(taken[one.id], 0))
        taken[one.id] -= less
        rest -= less
    kept = [one for one in own if taken[one.id]]
    fees = shared(fee_minor, [taken[one.id] for one in kept])
    return [Line(one, taken[one.id], fee) for one, fee in zip(kept, fees, strict=True)]


def shared(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """The amount over the weights by running totals."""
    whole, so_far, given, parts = sum(weights), 0, 0, []
    for weight in weights:
        so_far += weight
        parts.append(nearest(Fraction(amount_minor * so_far, whole)) - given)
        given += parts[-1]
    return parts


def nearest(value: Fraction) -> int:
    """The nearest integer, a half away from zero."""
    return to_nearest(value) if value >= 0 else -to_nearest(-value)


def written_off(own: Iterable[Commission], minor: int) -> None:
    """End so much of what is payable, the oldest commissions of the same sign first."""
    for one in sorted(own, key=lambda commission: commission.id):
        payable = one.pots["payable"]
        part = max(0, min(payable, minor)) if minor > 0 else min(0, max(payable, minor))
        if part:
            one.ends(part)
            minor -= part
    assert minor == 0
