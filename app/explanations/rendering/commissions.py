"""The sentences about a commission: its terms, the arithmetic, its entries, its present worth."""

from collections.abc import Iterator, Mapping

from app.explanations.views import CommissionNote, EntryNote
from app.sentences.say import Day, Money, Rate, listed, say


def sentences_of(commission: CommissionNote, zone: str) -> Iterator[str]:
    """All sentences about a commission; days are those of `zone`, an IANA name."""
    yield from _terms(commission, zone)
    if tier := commission.calculation.get("tier"):
        yield _tier(tier, commission.partner_code)
    yield from _arithmetic(commission)
    for entry in commission.entries:
        yield _entry(entry, zone)
    worth = Money(commission.net_minor, commission.currency)
    yield say("commission.worth", amount=worth, status=_status(commission, zone))


def lines_of(entry: EntryNote) -> str:
    """An entry's postings in one line."""
    return listed(
        say("commission.posting", account=one.account, amount=Money(one.amount_minor, one.currency, is_signed=True))
        for one in entry.postings
    )


def _terms(commission: CommissionNote, zone: str) -> Iterator[str]:
    partner, version = commission.partner_code, commission.terms.version
    if commission.level:
        yield say("commission.of_level", partner=partner, level=commission.level, version=version)
        return
    yield say(
        "commission.own_rate" if commission.snapshot.is_override else "commission.program_rate",
        partner=partner,
        day=Day(commission.snapshot.effective_from, zone),
        source=say(f"source.{commission.snapshot.source}"),
        version=version,
        base=say(f"base_kind.{commission.terms.commission_base}"),
    )
    if commission.accrued_at < commission.snapshot.effective_from:
        yield say("commission.before_terms", day=Day(commission.accrued_at, zone))


def _tier(tier: Mapping[str, int], partner: str) -> str:
    code = "commission.tier" if tier["min_conversions"] else "commission.below_tiers"
    count, least = tier["approved_before"], tier["min_conversions"]
    return say(code, count=count, least=least, partner=partner, rate=Rate(tier["bps"]))


def _arithmetic(commission: CommissionNote) -> Iterator[str]:
    currency, calculation = commission.currency, commission.calculation
    fixed_minor = int(calculation.get("fixed_minor", 0))
    amount, base = Money(commission.amount_minor, currency), Money(commission.base_minor, currency)
    if commission.rate_bps is not None:
        yield say("commission.rate", rate=Rate(commission.rate_bps), base=base, amount=amount)
        return
    yield from _by_product(commission)
    if commission.amount_minor == fixed_minor:
        yield say("commission.fixed", amount=amount)
    elif calculation.get("products"):
        code = "commission.rates_and_fixed" if fixed_minor else "commission.rates"
        yield say(code, base=base, fixed=Money(fixed_minor, currency), amount=amount)


def _by_product(commission: CommissionNote) -> Iterator[str]:
    products = commission.calculation.get("products", ())
    for share in products:
        yield say(
            "commission.lines_fixed" if share.get("is_fixed") else "commission.lines_rate",
            product=share["product"] or say("commission.no_product"),
            lines=Money(share["base_minor"], commission.currency),
            rate=Rate(share["rate_bps"]),
        )
    if commission.level and any(share["rate_bps"] == 0 for share in products):
        yield say("commission.ladder_excludes")


def _entry(entry: EntryNote, zone: str) -> str:
    return say(
        "commission.entry",
        day=Day(entry.occurred_at, zone),
        kind=say(f"entry_kind.{entry.kind}"),
        reason=entry.reason,
        postings=lines_of(entry),
        cause=entry.cause,
    )


def _status(commission: CommissionNote, zone: str) -> str:
    if commission.amount_minor and not commission.net_minor:
        return say("commission.all_reversed", amount=Money(commission.amount_minor, commission.currency))
    if commission.status != "accrued":
        return say(f"commission.{commission.status}")
    if commission.mature_at is None:
        return say("commission.until_approved")
    return say("commission.holdback", day=Day(commission.mature_at, zone))
