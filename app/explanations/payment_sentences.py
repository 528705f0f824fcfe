"""The sentences of a payment's explanation and of its commissions, for the command line, the API and a page. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from app.explanations import returns, search
from app.explanations.views import (
    AttributionNote,
    CommissionNote,
    DecisionNote,
    EntryNote,
    PaymentExplanation,
    RivalNote,
)
from app.sentences import calculations
from app.sentences.say import Day, Minute, Money, Rate, listed, say

FIGURES: Final = {
    "total_minor": "payment.total",
    "tax_minor": "payment.tax",
    "collected_minor": "payment.collected",
    "outside_stripe_minor": "payment.outside_stripe",
}
"""The figures of a base that are shown, with their sentences."""
REPORTED: Final = ("external_id", "project_id", "event_name", "entitlement_id")
"""The fields of a report that are shown."""


def sentences_of(explained: PaymentExplanation) -> list[str]:
    """All sentences about a payment, in the order in which it is computed."""
    zone = explained.time_zone
    about = (line for commission in explained.commissions for line in _of_commission(commission, zone))
    return [*_of_payment(explained), *_of_credit(explained), *about]


def summary_of(explained: PaymentExplanation) -> str:
    """The outcome of the payment in one sentence."""
    earned = [commission for commission in explained.commissions if commission.amount_minor > 0]
    if not earned:
        return say("payment.no_commission", reason=explained.payment.reason)
    worths = say("payment.worths_joined").join(_worth(commission) for commission in earned)
    return say("payment.worths", worths=worths)


def _worth(commission: CommissionNote) -> str:
    """The present worth of a commission; if all of it was taken back, how much that was."""
    partner = commission.partner_code
    if commission.net_minor == 0:
        amount = Money(commission.amount_minor, commission.currency)
        return say("payment.nothing_left", partner=partner, amount=amount)
    net = Money(commission.net_minor, commission.currency)
    return say(f"payment.worth_{commission.status}", partner=partner, amount=net)


def _of_payment(explained: PaymentExplanation) -> Iterator[str]:
    payment = explained.payment
    object_ids = listed(filter(None, (payment.invoice, payment.payment_intent, payment.charge)))
    yield say(
        "payment.head",
        id=payment.id,
        amount=Money(payment.amount_cents, payment.currency),
        day=Day(payment.occurred_at, explained.time_zone),
        objects=object_ids or _reported(explained) or say("payment.no_object"),
        place=_place(explained),
    )
    yield _base(explained)
    if shown := explained.base.get("presentment"):
        yield say("payment.shown", amount=Money(shown["amount_minor"] or 0, shown["currency"]))
    yield from _of_returns(explained)
    yield from _of_approval(explained)


def _base(explained: PaymentExplanation) -> str:
    currency = explained.payment.currency
    base = Money(explained.payment.base_cents, currency)
    formula = calculations.base_formula(explained.base, currency)
    figures = listed(
        say(code, amount=Money(int(explained.base[name]), currency))
        for name, code in FIGURES.items()
        if explained.base.get(name)
    )
    code = f"payment.base{'_formula' * bool(formula)}{'_figures' * bool(figures)}"
    return say(code, base=base, formula=formula or "", figures=figures)


def _reported(explained: PaymentExplanation) -> str:
    """Who reported it, when, and with which details; "" for a payment from Stripe."""
    base = explained.base
    if base.get("source") != "reported":
        return ""
    day = Day(datetime.fromisoformat(base["reported_at"]), explained.time_zone)
    said = [say(f"payment.reported_{name}", value=base[name]) for name in REPORTED if base.get(name)]
    return listed([say("payment.reported", by=base["reported_by"], day=day), *said])


def _of_returns(explained: PaymentExplanation) -> Iterator[str]:
    payment = explained.payment
    notes = (*explained.refunds, *explained.disputes, *explained.credit_notes, *explained.warnings)
    yield from (returns.sentence_of(note, payment.currency, explained.time_zone) for note in notes)
    if payment.returned_cents:
        gross, returned = Money(payment.amount_cents, payment.currency), Money(payment.returned_cents, payment.currency)
        yield say("payment.returned", gross=gross, returned=returned)
    if unnamed := explained.base.get("unnamed_returned_minor"):
        yield say("payment.unnamed_returned", amount=Money(unnamed, payment.currency))
    if explained.base.get("dispute_in_other_currency"):
        yield say("payment.dispute_in_other_currency")
    if overpaid := explained.base.get("overpaid_minor"):
        yield say("payment.overpaid", amount=Money(overpaid, payment.currency))


def _of_approval(explained: PaymentExplanation) -> Iterator[str]:
    """Its hold, and the decisions about it."""
    if explained.hold == "dispute":
        yield say("payment.held_by_dispute")
    elif explained.held_until is not None:
        yield say("payment.held_by_warning", day=Day(explained.held_until, explained.time_zone))
    yield from (_decision(decision, explained.time_zone) for decision in explained.decisions)


def _decision(decision: DecisionNote, zone: str) -> str:
    code = "payment.forced" if decision.is_forced else f"payment.{decision.verdict}{'_because' * bool(decision.reason)}"
    return say(code, day=Day(decision.decided_at, zone), by=decision.decided_by, reason=decision.reason)


def _place(explained: PaymentExplanation) -> str:
    """The account and mode, if it is not the merchant's own account in live mode."""
    payment = explained.payment
    account = say("place.connected", account=payment.account) if payment.account else ""
    return account if payment.livemode else account + say("place.test")


def _of_credit(explained: PaymentExplanation) -> Iterator[str]:
    if explained.attribution is not None:
        yield say("payment.credited", credit=credit_of(explained.attribution, explained.time_zone))
        if explained.attribution.rival is not None:
            yield rival_of(explained.attribution.rival)
    if explained.payment.conflict is not None:
        yield explained.payment.conflict
    if explained.conversion is None or explained.conversion.verdict != "earns" or not explained.commissions:
        yield say("payment.no_commission", reason=explained.payment.reason)
    if explained.merged_into is not None:
        yield say("payment.merged_into", payment=explained.merged_into)
    yield from search.sentences_of(explained.searched, explained.nearest_code)


def credit_of(attribution: AttributionNote, zone: str) -> str:
    """The partner of an attribution and its evidence, as the end of a sentence."""
    named = {"code": attribution.partner_code, "partner": attribution.partner_id}
    if attribution.decided_by is not None:
        by, because = attribution.decided_by, attribution.decided_because or ""
        return say("credit.manual", **named, by=by, day=Day(attribution.evident_at, zone), because=because)
    if attribution.carrier == "reported":
        return say("credit.reported", **named, event=attribution.event_id)
    by_signup = "credit.signup" if attribution.carrier == "signup" else "credit.named"
    return say(
        by_signup if attribution.touchpoint_id is None else "credit.touchpoint",
        **named,
        carrier=attribution.carrier_text,
        object=attribution.object_id,
        name=attribution.name,
        session=attribution.session_id or "",
        field=search.field_text(attribution.field_path),
        event=attribution.event_id,
        moment=Minute(attribution.evident_at, zone),
        subject=attribution.subject,
    )


def rival_of(rival: RivalNote) -> str:
    """The other partner that was named, and the setting that decided against it."""
    return say(
        f"credit.rival_{rival.coupon_precedence}",
        code=rival.partner_code,
        partner=rival.partner_id,
        carrier=rival.carrier_text,
        object=rival.object_id,
        field=search.field_text(rival.field_path),
        program=rival.program_id,
    )


def lines_of(entry: EntryNote) -> str:
    """An entry's postings in one line."""
    return listed(
        say(
            "commission.posting",
            account=posting.account,
            amount=Money(posting.amount_minor, posting.currency, is_signed=True),
        )
        for posting in entry.postings
    )


def _of_commission(commission: CommissionNote, zone: str) -> Iterator[str]:
    """All sentences about a commission; days are those of `zone`, an IANA name."""
    yield from _terms(commission, zone)
    if tier := commission.calculation.get("tier"):
        yield _tier(tier, commission.partner_code)
    yield from _arithmetic(commission)
    for entry in commission.entries:
        yield entry_sentence(entry, zone)
    worth = Money(commission.net_minor, commission.currency)
    yield say("commission.worth", amount=worth, status=_status(commission, zone))


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


def entry_sentence(entry: EntryNote, zone: str) -> str:
    """One entry of the ledger: when, what, why, its postings and its cause."""
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
