"""The fields of a program and of its terms: as forms send and show them, and as commands take them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from app import money
from app.pages.console.frame import Day, begin_of
from app.pages.forms.fields import Word, minor_of, words_of
from app.pages.forms.programs.written import (
    Lines,
    Percent,
    bps_of,
    ladder_of,
    minimums_of,
    percent_of,
    product_rates_of,
    tiers_of,
)
from app.programs import shapes
from app.programs.validation import valid_currency
from app.programs.views import (
    AttributionModel,
    CommissionBase,
    ConversionKind,
    CouponPrecedence,
    LinkCookie,
    ProgramBody,
    PromotionCoupon,
)
from app.views import OneOf, Request

Kind = Annotated[str, OneOf(shapes.TYPES)]


class CommissionFields(Request):
    """A commission, with the days until it is approved.

    Attributes:
        rate: in percent.
        amount: a fixed amount in the program's currency.
    """

    type: Kind
    rate: Percent | None = None
    amount: Annotated[str, Field(max_length=40)] | None = None
    tiers: Lines = ""
    max_cycles: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    max_months: Annotated[int, Field(ge=1, le=1200)] | None = None
    product_rates: Lines = ""
    holdback_days: Annotated[int, Field(ge=0, le=3650)] | None = None

    def commission(self, currency: str) -> dict[str, Any]:
        """The commission, of which a field that its type needs may be missing. Raises InvalidRequest."""
        pays = {
            "bps": None if self.rate is None else bps_of(self.rate),
            "amount_cents": None if self.amount is None else minor_of(self.amount, currency, "amount"),
            "max_cycles": self.max_cycles,
            "max_months": self.max_months,
            "tiers": tiers_of(self.tiers),
            "product_rates": product_rates_of(self.product_rates) or None,
        }
        return shapes.of_fields(self.type, pays)


class TermsFields(CommissionFields):
    """The terms of a program."""

    commission_base: CommissionBase = "net"
    multi_level: Lines = ""

    def terms(self, currency: str) -> dict[str, Any]:
        """The terms under the names of `TERMS_FIELDS`. Raises InvalidRequest."""
        return {
            "commission": self.commission(currency),
            "multi_level": ladder_of(self.multi_level),
            "holdback_days": self.holdback_days,
            "commission_base": self.commission_base,
        }


class Beginning(Request):
    """The first day in UTC of new terms; None: now."""

    effective_from: Day | None = None

    @property
    def begins_at(self) -> datetime | None:
        """The beginning of the first day."""
        return None if self.effective_from is None else begin_of(self.effective_from)


class SettingsFields(Request):
    """The settings of a program, all that may be changed without new terms."""

    name: Word
    currency: Annotated[str, Field(max_length=10)] = "usd"
    landing_url: Annotated[str, Field(max_length=2000)] | None = None
    landing_hosts: Lines = ""
    attribution_model: AttributionModel = "last_touch"
    attribution_window_days: Annotated[int, Field(ge=1, le=3650)] = 30
    coupon_precedence: CouponPrecedence = "link"
    promotion_coupon: PromotionCoupon = None
    conversion_kind: ConversionKind = "payment"
    conversion_event_name: Word | None = None
    conversion_entitlement_id: Word | None = None
    auto_approve: bool = False
    open_signup: bool = False
    allow_self_referral: bool = False
    include_out_of_band: bool = False
    multi_level_enabled: bool = False
    is_default: bool = False
    platform_fee: Percent = Decimal(0)
    minimum_payouts: Lines = ""
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"
    link_cookie: LinkCookie = "on"
    user_id_field: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")] = "user_id"

    def settings(self) -> dict[str, Any]:
        """Arguments of the commands that create and change programs. Raises InvalidRequest."""
        return {
            **{name: getattr(self, name) for name in SAME_NAMES},
            "landing_hosts": words_of(self.landing_hosts),
            "platform_fee_bps": bps_of(self.platform_fee),
            "minimum_payouts": minimums_of(self.minimum_payouts),
        }


class ProgramFields(SettingsFields, TermsFields):
    """A new program, with the first version of its terms."""

    status: Literal["draft", "active"] = "active"

    def settings(self) -> dict[str, Any]:
        """As of `SettingsFields`, and with its terms; without `is_default` a first program becomes the default."""
        own = {"status": self.status, "is_default": self.is_default or None}
        return {**super().settings(), **self.terms(valid_currency(self.currency)), **own}


WRITTEN: Final = frozenset({"landing_hosts", "platform_fee", "minimum_payouts"})
"""The settings that are written in another way than they are stored."""
SAME_NAMES: Final = frozenset(SettingsFields.model_fields) - WRITTEN


def shown_commission(commission: Mapping[str, Any], currency: str) -> dict[str, str]:
    """A stored commission as the values of its fields."""
    rates = (
        f"{one['product']} {'none' if one.get('excluded') else percent_of(one['bps'])}"
        for one in commission.get("product_rates", ())
    )
    tiers = (f"{one['min_conversions']} {percent_of(one['bps'])}" for one in commission.get("tiers", ()))
    shown = {
        "rate": percent_of(commission["bps"]) if "bps" in commission else "",
        "amount": money.decimal_text(commission["amount_cents"], currency) if "amount_cents" in commission else "",
        "tiers": "\n".join(tiers),
        "product_rates": "\n".join(rates),
    }
    return shown | {name: str(commission.get(name, "")) for name in ("type", "max_cycles", "max_months")}


def shown_terms(program: ProgramBody) -> dict[str, str]:
    """A program's terms in force as the values of their fields."""
    return {
        **shown_commission(program.commission, program.currency),
        "holdback_days": "" if program.holdback_days is None else str(program.holdback_days),
        "commission_base": program.commission_base,
        "multi_level": "\n".join(percent_of(step["bps"]) for step in program.multi_level),
    }


def shown_settings(program: ProgramBody) -> dict[str, str]:
    """A program's settings as the values of their fields."""
    same = {name: getattr(program, name) for name in SAME_NAMES}
    plain = {name: str(value).lower() if isinstance(value, bool) else str(value or "") for name, value in same.items()}
    minimums = (
        f"{currency} {money.decimal_text(minor, currency)}" for currency, minor in program.minimum_payouts.items()
    )
    return {
        **plain,
        "landing_hosts": "\n".join(program.landing_hosts),
        "platform_fee": percent_of(program.platform_fee_bps),
        "minimum_payouts": "\n".join(minimums),
    }
