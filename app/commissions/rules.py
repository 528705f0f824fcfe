"""How much a payment is worth to its partner. Pure integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app import money
from app.partners.directory import SnapshotTerms
from app.payments.state import PaymentState


@dataclass(frozen=True, slots=True)
class Calculation:
    """A commission as it should be now, minor units of the payment's currency.

    `amount_minor` is what it is with nothing returned, `target_minor` what it is now.
    """

    commission_base: str
    base_minor: int
    rate_bps: int
    amount_minor: int
    gross_minor: int
    returned_minor: int
    target_minor: int

    def details(self) -> dict[str, Any]:
        """The calculation with its formula in words, for the explanation."""
        return {
            "commission_base": self.commission_base,
            "base_minor": self.base_minor,
            "rate_bps": self.rate_bps,
            "amount_minor": self.amount_minor,
            "gross_minor": self.gross_minor,
            "returned_minor": self.returned_minor,
            "target_minor": self.target_minor,
            "formula": self._formula(),
        }

    def _formula(self) -> str:
        earned = f"{money.format_rate(self.rate_bps)} of {self.base_minor} = {self.amount_minor}, rounded half up"
        if self.returned_minor == 0:
            return earned
        if self.target_minor == 0:
            return f"{earned}; all {self.gross_minor} came back, so nothing is left"
        return (
            f"{earned}; {self.returned_minor} of {self.gross_minor} came back, so "
            f"{self.amount_minor} - {self.amount_minor} x {self.returned_minor} / {self.gross_minor} "
            f"= {self.target_minor}"
        )


def calculate(payment: PaymentState, snapshot: SnapshotTerms) -> Calculation:
    """The level 0 commission of `payment` under `snapshot`.

    Example: 20 % of a base of 4900 is 980; after 1000 of 4900 gross came back it is 780.
    """
    rate_bps = percentage_bps(snapshot.commission)
    base_minor = payment.gross_minor if snapshot.commission_base == "gross" else payment.base_minor
    amount_minor = money.percentage(base_minor, rate_bps)
    target_minor = money.after_return(amount_minor, payment.returned_minor, payment.gross_minor)
    return Calculation(
        commission_base=snapshot.commission_base,
        base_minor=base_minor,
        rate_bps=rate_bps,
        amount_minor=amount_minor,
        gross_minor=payment.gross_minor,
        returned_minor=payment.returned_minor,
        target_minor=target_minor,
    )


def percentage_bps(commission: Mapping[str, Any]) -> int:
    """The rate of a percentage commission, for all cycles or some. Other shapes are refused when terms are made."""
    if commission["type"] not in {"percentage", "recurring"}:
        raise ValueError(f"commissions of type {commission['type']} cannot be settled")
    return int(commission["bps"])


def matures_at(accrued_at: datetime, holdback_days: int | None) -> datetime | None:
    """When a commission may be approved by itself; None without a holdback, which means: by a person only."""
    return None if holdback_days is None else accrued_at + timedelta(days=holdback_days)


def zero_outcome(payment: PaymentState) -> str:
    """Why a payment with a base of zero earns nothing."""
    return "out_of_band" if payment.is_out_of_band else "zero_base"
