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


@immutable
class Position:
    """The amounts of one commission in the ledger by account, credits positive, minor units of one currency."""

    accrued_minor: int = 0
    payable_minor: int = 0
    clearing_minor: int = 0
    paid_minor: int = 0
    fee_minor: int = 0

    @property
    def net_minor(self) -> int:
        """The commission net of reversals: the sum of all fields, which its `commission_expense` mirrors."""
        return self.accrued_minor + self.payable_minor + self.clearing_minor + self.paid_minor + self.fee_minor

    @property
    def status(self) -> str:
        """The status of the commission: reversed, accrued, approved or paid."""
        if self.net_minor == 0:
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
            name = POSITION_KINDS.get(line.account_kind)
            if name is not None:
                changed[name] = changed.get(name, getattr(self, name)) - line.amount_minor
        return replace(self, **changed)


@immutable
class Line:
    """One signed line of an entry: debit positive, credit negative."""

    account_kind: str
    amount_minor: int


def difference(position: Position, target_minor: int, *, is_approved: bool) -> list[Line]:
    """The lines that bring a commission from its net amount in the ledger to `target_minor`; none if both are equal.

    A rise credits payable if the commission is approved, else accrued. A fall debits accrued first, then payable, which
    may become negative; clearing is never touched, because that money is in a payout. Example: net 980, all accrued,
    target 780: accrued is debited 200, expense credited 200.
    """
    change = target_minor - position.net_minor
    if change == 0:
        return []
    if change > 0:
        account = "partner_payable" if is_approved else "partner_accrued"
        return [Line("commission_expense", change), Line(account, -change)]
    from_accrued = min(max(position.accrued_minor, 0), -change)
    from_payable = -change - from_accrued
    taken = [Line("partner_accrued", from_accrued), Line("partner_payable", from_payable)]
    return [*(line for line in taken if line.amount_minor), Line("commission_expense", change)]


def release(position: Position) -> list[Line]:
    """The lines of an approval: what is accrued becomes payable; none if nothing is accrued."""
    accrued = position.accrued_minor
    return [Line("partner_accrued", accrued), Line("partner_payable", -accrued)] if accrued else []


def withhold(position: Position) -> list[Line]:
    """The lines of a hold: what is payable is accrued again; none if nothing is payable."""
    payable = position.payable_minor
    return [Line("partner_payable", payable), Line("partner_accrued", -payable)] if payable > 0 else []
