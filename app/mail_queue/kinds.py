"""The kinds of mails: to whom they go, how long they are of use, and which placeholders their texts know. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal, get_args

from app.immutable import immutable

Audience = Literal["person", "partner", "managers"]
KindName = Literal[
    "login",
    "confirm_address",
    "already_enrolled",
    "invitation",
    "application_received",
    "approved",
    "rejected",
    "first_commission",
    "monthly_summary",
    "rate_changed",
    "payout_sent",
    "payout_failed",
    "postback_disabled",
    "new_application",
    "event_parked",
    "endpoint_disabled",
    "payout_ready",
]
KINDS: Final[tuple[KindName, ...]] = get_args(KindName)


@immutable
class Kind:
    """A kind of mail.

    Attributes:
        audience: a person who signs in; a partner; or all who manage the organization.
        lifetime: a mail that could not be sent within this time is given up.
        placeholders: the names that a merchant's own text may have in braces.
        is_fixed: whether it can neither be switched off nor have another text: access depends on it.
        is_about_money: whether it is about payments, which are live or test.
    """

    audience: Audience
    lifetime: timedelta = timedelta(days=3)
    placeholders: tuple[str, ...] = ()
    is_fixed: bool = False
    is_about_money: bool = False


_PARTNER: Final = ("partner_name", "partner_code", "program_name", "organization_name")
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

OF: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "login": Kind("person", _HOUR, is_fixed=True),
        "confirm_address": Kind("partner", _DAY, is_fixed=True),
        "already_enrolled": Kind("partner", _DAY, is_fixed=True),
        "invitation": Kind("partner", placeholders=(*_PARTNER, "commission", "until")),
        "application_received": Kind("partner", placeholders=_PARTNER),
        "approved": Kind("partner", placeholders=(*_PARTNER, "commission")),
        "rejected": Kind("partner", placeholders=(*_PARTNER, "reason")),
        "first_commission": Kind("partner", placeholders=(*_PARTNER, "amount"), is_about_money=True),
        "monthly_summary": Kind("partner", placeholders=(*_PARTNER, "month"), is_about_money=True),
        "rate_changed": Kind("partner", placeholders=(*_PARTNER, "before", "after", "effective_from")),
        "payout_sent": Kind("partner", placeholders=(*_PARTNER, "amount", "method", "reference"), is_about_money=True),
        "payout_failed": Kind("partner", placeholders=(*_PARTNER, "amount", "method", "reason"), is_about_money=True),
        "postback_disabled": Kind("partner", _DAY, placeholders=(*_PARTNER, "mode", "disabled_on", "public_url")),
        "new_application": Kind("managers", placeholders=("organization_name", "program_name", "partner_name")),
        "event_parked": Kind("managers", placeholders=("organization_name", "event", "event_type", "mode")),
        "endpoint_disabled": Kind(
            "managers", _DAY, placeholders=("organization_name", "endpoint", "mode", "disabled_on", "public_url")
        ),
        "payout_ready": Kind(
            "managers", placeholders=("organization_name", "program_name", "payouts", "amounts", "mode")
        ),
    }
)
"""Each kind by its name."""

URGENT: Final = ("login", "confirm_address")
"""Kinds that are sent before all others: a person waits for them."""


def changeable(*, to_partners: bool) -> tuple[KindName, ...]:
    """The kinds to partners, or to managers, that can be switched off or have another text, in their order."""
    audience = "partner" if to_partners else "managers"
    return tuple(name for name in KINDS if OF[name].audience == audience and not OF[name].is_fixed)
