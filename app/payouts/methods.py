"""What is known about each method of payout: where and in what amounts it can pay. Pure.

Each fact has the date on which it was looked up, and where. A partner is refused a method that cannot pay it before it
chooses one, and a run skips it with the same sentence. `unverified` marks what no published page of the provider that
could be read confirms.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

from app.immutable import immutable
from app.partners.payout_methods.destinations import fields

MethodName: TypeAlias = fields.Method
FileKind = Literal["paypal", "wise", "sepa", "payoneer", "bank_list"]
BY_FILE: Final[tuple[MethodName, ...]] = ("paypal", "wise", "bank_transfer", "payoneer", "crypto")
"""The methods that leave in a file."""
FILE_KINDS: Final[tuple[FileKind, ...]] = get_args(FileKind)


def _codes(written: str) -> frozenset[str]:
    return frozenset(written.split())


SANCTIONED: Final = _codes("CU IR KP SY")
"""Countries no provider of this table pays to. Unverified for each of them; 2026-11-28, from their terms of service."""
SEPA_COUNTRIES: Final = _codes(
    "AD AL AT AX BE BG BL CH CY CZ DE DK EE ES FI FR GB GF GG GI GP GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME "
    "MF MK MQ MT NL NO PL PM PT RE RO RS SE SI SK SM VA YT"
)
"""Where a SEPA credit transfer reaches. European Payments Council, EPC409-09, geographical scope, with what joined up
to May 2026; 2026-11-28, unverified."""
_PAYPAL_COUNTRIES: Final = _codes(
    "AD AE AR AT AU BE BG BH BM BR BS BW CA CH CL CN CO CR CY CZ DE DK DO EC EE ES FI FO FR GB GE GI GL GR GT HK "
    "HN HR HU ID IE IL IN IS IT JM JO JP KE KR KW KY KZ LI LS LT LU LV MA MC MD MT MU MX MY MZ NI NL NO NZ OM PA "
    "PE PH PL PT QA RE RO RS SA SE SG SI SK SM SN SV TH TR TW US UY VE VN ZA"
)
_PAYPAL_CURRENCIES: Final = _codes(
    "aud brl cad chf czk dkk eur gbp hkd huf idr ils jpy mxn myr nok nzd php pln sek sgd thb twd usd"
)
_WISE_COUNTRIES_NOT: Final = SANCTIONED | _codes("AF BI BY CD CF CG ER IQ LY RU SD SO SS TD VE YE")
_PAYONEER_CURRENCIES: Final = _codes("aud cad eur gbp hkd jpy sgd usd")
_WHOLE_UNITS: Final = MappingProxyType({"isk": 100, "ugx": 100})
"""Accrual counts these with two decimals, as Stripe does; nothing pays a part of a krona or a shilling."""


@immutable
class Fact:
    """Where a fact is from: the page, and the day on which it was read."""

    source: str
    read_on: str


@immutable
class Method:
    """What a method can carry.

    Attributes:
        currencies: all that it pays in; None: any.
        countries: all that it pays to; None: any but `countries_not`.
        countries_not: those it does not pay to.
        steps: by currency the amount, in minor units, of which every payment must be a multiple; 1 where absent.
        smallest: by currency the least a payment may be, minor units.
        largest: by currency the most a payment may be, minor units.
        lines_per_file: how many payments one file may have; None: any number.
        facts: where this is from.
    """

    currencies: frozenset[str] | None = None
    countries: frozenset[str] | None = None
    countries_not: frozenset[str] = SANCTIONED
    steps: Mapping[str, int] = field(default_factory=lambda: _WHOLE_UNITS)
    smallest: Mapping[str, int] = field(default_factory=dict)
    largest: Mapping[str, int] = field(default_factory=dict)
    lines_per_file: int | None = None
    facts: tuple[Fact, ...] = ()


TABLE: Final[Mapping[MethodName, Method]] = MappingProxyType(
    {
        "paypal": Method(
            currencies=_PAYPAL_CURRENCIES,
            countries=_PAYPAL_COUNTRIES,
            steps=MappingProxyType({"huf": 100, "twd": 100}),
            largest=MappingProxyType({"usd": 2_000_000}),
            lines_per_file=5000,
            facts=(
                Fact("developer.paypal.com/payouts/supported-features (KR, TH and TW unverified)", "2026-11-28"),
                Fact("developer.paypal.com, country and currency codes: no decimals in HUF, JPY, TWD", "2026-11-28"),
                Fact("developer.paypal.com/payouts/fees: 20,000.00 USD an item", "2026-11-28"),
                Fact("docs.paypal.ai/send/use-web-ui: 5,000 rows, one currency a file", "2026-11-28"),
            ),
        ),
        "wise": Method(
            countries_not=_WISE_COUNTRIES_NOT,
            lines_per_file=1000,
            facts=(
                Fact("wise.com/us/blog/everything-about-batch-payments: 1,000 transfers a file", "2026-11-28"),
                Fact("wise.com, acceptable use policy: countries (unverified)", "2026-11-28"),
            ),
        ),
        "bank_transfer": Method(
            largest=MappingProxyType({"eur": 99_999_999_999}),
            facts=(Fact("EPC132-08, SEPA credit transfer: at most 999,999,999.99 EUR (unverified)", "2026-11-28"),),
        ),
        "payoneer": Method(
            currencies=_PAYONEER_CURRENCIES,
            smallest=MappingProxyType({"usd": 2000, "eur": 2000, "gbp": 2000}),
            facts=(Fact("payoneer.com, payments to payees: currencies, at least 20.00 (unverified)", "2026-11-28"),),
        ),
        "stripe": Method(
            steps=MappingProxyType({**_WHOLE_UNITS, **dict.fromkeys(["bhd", "jod", "kwd", "omr", "tnd"], 10)}),
            facts=(Fact("docs.stripe.com/currencies: three-decimal amounts end in 0", "2026-11-28"),),
        ),
        "crypto": Method(),
        "external": Method(countries_not=frozenset()),
    }
)


@immutable
class Payer:
    """What the owner has set up, as far as a method needs it.

    Attributes:
        has_debtor: the account that bank transfers are paid from, with its holder's name and address.
        has_source_currency: the currency that Wise takes the money in.
        has_listener: an outbound webhook that listens to `payout.requested`.
        has_stripe_key: an API key of its Stripe account, which is the platform of connected accounts.
    """

    has_debtor: bool = False
    has_source_currency: bool = False
    has_listener: bool = False
    has_stripe_key: bool = False


@immutable
class Refusal:
    """Why a method cannot pay: a code of the sentences `payout_refusal.…` with parameters."""

    code: str
    params: Mapping[str, str | int]

    @property
    def details(self) -> dict[str, Any]:
        """The stored form, which `app.sentences.payouts.refusal` reads."""
        return {"refusal": self.code, **self.params}


def step(method: MethodName, currency: str) -> int:
    """The amount, in minor units, of which every payment must be a multiple: 100 for forints by PayPal."""
    return TABLE[method].steps.get(currency, 1)


def file_kind(method: MethodName, currency: str, country: str | None) -> FileKind | None:
    """The file by which a payment leaves; None where it leaves in another way."""
    match method:
        case "paypal" | "wise" | "payoneer":
            return method
        case "bank_transfer":
            return "sepa" if currency == "eur" and country in SEPA_COUNTRIES else "bank_list"
        case "crypto":
            return "bank_list"
        case _:
            return None


def refusal(
    method: MethodName, country: str | None, currency: str, net_minor: int | None, payer: Payer
) -> Refusal | None:
    """Why the method cannot pay; None if it can.

    Args:
        method: how the partner wants to be paid.
        country: the ISO 3166 code of where the money goes, upper case; None: not known, so not judged.
        currency: of the payment, lower case.
        net_minor: what would be paid, minor units; None: not known yet, as when a partner chooses a method.
        payer: what the owner has set up.
    """
    facts = TABLE[method]
    if facts.currencies is not None and currency not in facts.currencies:
        return Refusal("currency", {"method": method, "currency": currency})
    is_reached = facts.countries is None or country in facts.countries
    if country is not None and (not is_reached or country in facts.countries_not):
        return Refusal("country", {"method": method, "country": country})
    return _unprepared(method, currency, country, payer) or _out_of_bounds(method, currency, net_minor)


def _unprepared(method: MethodName, currency: str, country: str | None, payer: Payer) -> Refusal | None:
    if file_kind(method, currency, country) == "sepa" and not payer.has_debtor:
        return Refusal("no_debtor", {"method": method})
    if method == "wise" and not payer.has_source_currency:
        return Refusal("no_source_currency", {"method": method})
    if method == "stripe" and not payer.has_stripe_key:
        return Refusal("no_stripe_key", {"method": method})
    if method == "external" and not payer.has_listener:
        return Refusal("no_listener", {"method": method})
    return None


def _out_of_bounds(method: MethodName, currency: str, net_minor: int | None) -> Refusal | None:
    if net_minor is None:
        return None
    facts = TABLE[method]
    smallest = max(facts.smallest.get(currency, 1), step(method, currency))
    if net_minor < smallest:
        return Refusal("too_small", {"method": method, "currency": currency, "bound_minor": smallest})
    largest = facts.largest.get(currency)
    if largest is not None and net_minor > largest:
        return Refusal("too_large", {"method": method, "currency": currency, "bound_minor": largest})
    return None
