"""What each tool's statuses mean here. Pure.

Sources, read on 2026-11-29: Rewardful, objects of its REST API (affiliates active, disabled, suspicious; referrals
visitor, lead, conversion; commissions pending, due, paid, voided); FirstPromoter, API v1 and v2 (promoters approved or
accepted, pending, denied or rejected, blocked, inactive, archived; leads signup, active, subscribed, denied,
cancelled; commissions pending, approved, denied); Tolt, help articles about statuses and its API (partners active,
pending, suspended; customers lead, trial, active, canceled, refunded, suspended; commissions pending, approved, paid,
rejected, refunded).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from app.partners.validation import Status
from app.transfer.imports.reading.refusals import RowRefused

CustomerStage = Literal["none", "lead", "paying"]
"""`none`: no customer yet, or not the affiliate's; `lead`: has not paid; `paying`: has paid at some time."""
CommissionState = Literal["owed", "pending", "paid", "voided"]

Found = TypeVar("Found")

AFFILIATES: Final[Mapping[str, Status]] = MappingProxyType(
    {
        **dict.fromkeys(["active", "approved", "accepted", "enabled"], "active"),
        **dict.fromkeys(["pending", "invited", "unconfirmed", "applied", "review"], "pending"),
        **dict.fromkeys(["paused", "suspended"], "paused"),
        **dict.fromkeys(["banned", "blocked"], "banned"),
        **dict.fromkeys(["disabled", "suspicious", "denied", "rejected", "declined"], "deactivated"),
        **dict.fromkeys(["inactive", "archived", "deactivated", "deleted"], "deactivated"),
    }
)
CUSTOMERS: Final[Mapping[str, CustomerStage]] = MappingProxyType(
    {
        **dict.fromkeys(["visitor", "denied", "suspended"], "none"),
        **dict.fromkeys(["lead", "signup", "signedup", "trial", "trialing"], "lead"),
        **dict.fromkeys(["conversion", "converted", "customer", "paying", "active", "subscribed"], "paying"),
        **dict.fromkeys(["cancelled", "canceled", "refunded", "churned"], "paying"),
    }
)
COMMISSIONS: Final[Mapping[str, CommissionState]] = MappingProxyType(
    {
        **dict.fromkeys(["due", "approved", "owed", "unpaid", "payable", "open"], "owed"),
        **dict.fromkeys(["pending"], "pending"),
        **dict.fromkeys(["paid", "fulfilled"], "paid"),
        **dict.fromkeys(["voided", "void", "denied", "rejected", "refunded", "canceled", "cancelled"], "voided"),
    }
)
NO: Final = frozenset({"", "no", "false", "0", "f", "n", "unpaid", "null", "none", "-"})
"""What a column says whose commission was not paid; anything else, such as a date, says that it was."""
IN_MONEY: Final = frozenset({"", "cash", "money", "currency"})


def affiliate(text: str) -> Status:
    """The status of an affiliate. Raises RowRefused `status_unknown`."""
    return _of(AFFILIATES, text, "affiliate_status")


def customer(text: str) -> CustomerStage:
    """How far a customer is. Raises RowRefused `status_unknown`."""
    return _of(CUSTOMERS, text, "customer_status")


def commission(text: str) -> CommissionState:
    """The state of a commission. Raises RowRefused `status_unknown`."""
    return _of(COMMISSIONS, text, "commission_status")


def _of(meanings: Mapping[str, Found], text: str, field: str) -> Found:
    found = meanings.get(re.sub(r"[^a-z]", "", text.lower()))
    if found is None:
        raise RowRefused("status_unknown", field, text, known=", ".join(meanings))
    return found
