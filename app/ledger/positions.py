"""A commission's position in the ledger, and the lines that post a difference, an approval or a hold. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.immutable import immutable

POSITION_KINDS: Final = {
    "partner_accrued": "accrued_minor",
    "partner_payable": "payable_minor",
    "payout_clearing": "clearing_minor",
    "partner_paid": "paid_minor",
    "platform_fee": "fee_minor",
}
"""The account kinds that hold what a commission is worth, with the field of `Position` for each."""
WRITTEN_OFF: Final = "written_off"
"""The account kind of what a person ended: not a part of what a commission is worth, but of what was posted for it."""
POSITION_FIELDS: Final = {**POSITION_KINDS, WRITTEN_OFF: "written_off_minor"}
"""The account kinds of a commission's position, with the field of `Position` for each."""


@immutable
class Position:
    """The amounts of one commission in the ledger by account, credits positive, minor units of one currency.

    Attributes:
        written_off_minor: the part of its payable that was written off: positive of a credit, negative of a debt.
        ended_credits_minor: the sum of all write-offs of credits; the limit of a positive `written_off_minor`.
        ended_debts_minor: the sum of all write-offs of debts, negative; the limit of a negative `written_off_minor`.
    """

    accrued_minor: int = 0
    payable_minor: int = 0
    clearing_minor: int = 0
    paid_minor: int = 0
    fee_minor: int = 0
    written_off_minor: int = 0
    ended_credits_minor: int = 0
    ended_debts_minor: int = 0

    @property
    def posted_minor(self) -> int:
        """Everything posted for it, also what was written off: its `commission_expense` mirrors this."""
        own_minor = self.accrued_minor + self.payable_minor + self.clearing_minor + self.paid_minor + self.fee_minor
        return own_minor + self.written_off_minor

    @property
    def net_minor(self) -> int:
        """The commission net of reversals and write-offs: what it is worth to the partner."""
        return self.posted_minor - self.written_off_minor

    @property
    def status(self) -> str:
        """The status of the commission: reversed, accrued, approved or paid."""
        if self.posted_minor == self.written_off_minor:
            return "reversed"
        if self.accrued_minor != 0:
            return "accrued"
        if self.clearing_minor != 0 or (self.payable_minor > 0 and self.paid_minor == 0):
            return "approved"
        return "paid"

    def after(self, lines: Sequence["Line"]) -> "Position":
        """The position after `lines` are posted."""
        changed: dict[str, int] = {}
        for line in lines:
            name = POSITION_FIELDS.get(line.account_kind)
            if name is not None:
                changed[name] = changed.get(name, getattr(self, name)) - line.amount_minor
        return replace(self, **changed)


@immutable
class Line:
    """One signed line of an entry: debit positive, credit negative."""

    account_kind: str
    amount_minor: int


def difference(position: Position, target_minor: int, *, is_approved: bool) -> list[Line]:
    """The lines that bring a commission from what was posted for it to `target_minor`; none if both are equal.

    A rise credits payable if the commission is approved, else accrued. A fall debits accrued first, then payable, which
    may become negative; clearing is never touched, because that money is in a payout. Example: net 980, all accrued,
    target 780: accrued is debited 200, expense credited 200. Afterwards a write-off still ends as much of the balance
    or debt as it did, but never more than there is: a debt that a write-off of credit would cause is not posted.
    """
    change = target_minor - position.posted_minor
    if change == 0:
        return []
    is_rise = change > 0
    to_accrued = 0 if is_rise and is_approved else change
    if not is_rise:
        to_accrued = -min(max(position.accrued_minor, 0), -change)
    to_payable = change - to_accrued
    standing = position.payable_minor + position.written_off_minor + to_payable
    still_ended = min(max(standing, position.ended_debts_minor), position.ended_credits_minor)
    ended = still_ended - position.written_off_minor
    credited = {"partner_accrued": to_accrued, "partner_payable": to_payable - ended, WRITTEN_OFF: ended}
    lines = [Line(account, -minor) for account, minor in credited.items() if minor]
    expense = Line("commission_expense", change)
    return [expense, *lines] if is_rise else [*lines, expense]


def write_off(payable_minor: int) -> list[Line]:
    """The lines that end so much of a commission's payable; a negative amount ends a debt."""
    return [Line("partner_payable", payable_minor), Line(WRITTEN_OFF, -payable_minor)]


def release(position: Position) -> list[Line]:
    """The lines of an approval: what is accrued becomes payable; none if nothing is accrued."""
    accrued = position.accrued_minor
    return [Line("partner_accrued", accrued), Line("partner_payable", -accrued)] if accrued else []


def withhold(position: Position) -> list[Line]:
    """The lines of a hold: what is payable is accrued again; none if nothing is payable."""
    payable = position.payable_minor
    return [Line("partner_payable", payable), Line("partner_accrued", -payable)] if payable > 0 else []


def opening(amount_minor: int) -> list[Line]:
    """The lines that bring in what was earned elsewhere, as payable; negative: a debt."""
    return [Line("commission_expense", amount_minor), Line("partner_payable", -amount_minor)]
