"""An explanation in plain sentences: the same story for the command line, the API and a page."""

from collections.abc import Iterator
from datetime import datetime

from app.commissions import explain_returns
from app.commissions.explanations import (
    AttributionNote,
    CommissionNote,
    DecisionNote,
    EntryNote,
    PaymentExplanation,
)
from app.money import format_money, format_rate


def sentences_of(story: PaymentExplanation) -> list[str]:
    """The whole story of a payment, in the order in which it is computed."""
    return [*_of_payment(story), *_of_credit(story), *_of_commissions(story)]


def summary_of(story: PaymentExplanation) -> str:
    """How it ended, in one sentence."""
    earned = [commission for commission in story.commissions if commission.amount_minor > 0]
    if not earned:
        return f"Nobody earned anything on it. {story.payment.reason}"
    parts = [
        f"{one.partner_code} has {format_money(one.held_minor, one.currency)} {one.status} on it" for one in earned
    ]
    return f"{'; '.join(parts)}."


def _of_payment(story: PaymentExplanation) -> Iterator[str]:
    payment = story.payment
    faces = ", ".join(filter(None, (payment.invoice, payment.payment_intent, payment.charge)))
    yield (
        f"Payment {payment.id}: {format_money(payment.amount_cents, payment.currency)} "
        f"on {_day(payment.occurred_at)} ({faces or 'no Stripe object named'}){_place(story)}."
    )
    base = format_money(payment.base_cents, payment.currency)
    formula = story.base.get("formula")
    yield f"Its base is {base}{f': {formula}' if formula else ''}{_figures(story)}."
    if shown := story.base.get("presentment"):
        yield f"The customer was shown {format_money(shown['amount_minor'] or 0, shown['currency'])}."
    yield from _of_returns(story)


def _of_returns(story: PaymentExplanation) -> Iterator[str]:
    payment = story.payment
    notes = (*story.refunds, *story.disputes, *story.credit_notes, *story.warnings)
    yield from explain_returns.sentences_of(notes, payment.currency)
    if payment.returned_cents:
        gross, returned = (
            format_money(minor, payment.currency) for minor in (payment.amount_cents, payment.returned_cents)
        )
        yield f"In all {returned} of {gross} went back."
    if story.hold == "dispute":
        yield "Its approval is on hold while the dispute is open."
    elif story.held_until is not None:
        yield f"Its approval is on hold until {_day(story.held_until)}, because of a fraud warning."
    for decision in story.decisions:
        yield _decision(decision)


def _decision(decision: DecisionNote) -> str:
    forced = " over a hold" if decision.is_forced else ""
    reason = f": {decision.reason}" if decision.reason else ""
    return f"{_day(decision.decided_at)} {decision.verdict}{forced} by {decision.decided_by}{reason}."


def _place(story: PaymentExplanation) -> str:
    """Where it was paid, if not to the merchant's own account in live mode."""
    account = f" in the connected account {story.payment.account}" if story.payment.account else ""
    return f"{account}{'' if story.payment.livemode else ', in test mode'}"


def _figures(story: PaymentExplanation) -> str:
    named = {
        "total_minor": "total",
        "tax_minor": "tax",
        "collected_minor": "collected",
        "outside_stripe_minor": "paid outside Stripe",
    }
    parts = [
        f"{words} {format_money(int(story.base[name]), story.payment.currency)}"
        for name, words in named.items()
        if story.base.get(name)
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _of_credit(story: PaymentExplanation) -> Iterator[str]:
    if story.attribution is not None:
        yield f"It is credited to {credit_of(story.attribution)}."
    if story.payment.conflict is not None:
        yield story.payment.conflict
    if story.conversion is None or story.conversion.verdict != "earns" or not story.commissions:
        yield f"Here it stops. {story.payment.reason}"


def credit_of(attribution: AttributionNote) -> str:
    """Whom an attribution credits and what proved it, as the end of a sentence."""
    if attribution.decided_by is not None:
        return (
            f"{attribution.partner_code} ({attribution.partner_id}) by hand: {attribution.decided_by} "
            f"decided so on {_day(attribution.evident_at)}, because: {attribution.decided_because}"
        )
    if attribution.touchpoint_id is not None:
        return (
            f"{attribution.partner_code} ({attribution.partner_id}) by {attribution.carrier_in_words}, followed on "
            f"{attribution.evident_at:%Y-%m-%d %H:%M} UTC: {attribution.object_id} names session "
            f"{attribution.session_id} in {attribution.field_path} ({attribution.event_id}), "
            f"which binds {attribution.subject}"
        )
    return (
        f"{attribution.partner_code} ({attribution.partner_id}) by {attribution.carrier_in_words}: "
        f"{attribution.object_id} says {attribution.name!r} in {attribution.field_path} ({attribution.event_id}), "
        f"which binds {attribution.subject}"
    )


def _of_commissions(story: PaymentExplanation) -> Iterator[str]:
    for commission in story.commissions:
        yield from _of_commission(commission)


def _of_commission(commission: CommissionNote) -> Iterator[str]:
    amount = format_money(commission.amount_minor, commission.currency)
    origin = "its own rate" if commission.snapshot.is_override else "the program's rate"
    stamped = f"stamped {_day(commission.snapshot.effective_from)} ({commission.snapshot.source})"
    yield (
        f"{commission.partner_code} earns by {origin}, {stamped}, terms version {commission.terms.version}, "
        f"on the {commission.terms.commission_base} base."
    )
    base = format_money(commission.base_minor, commission.currency)
    if commission.rate_bps is not None:
        yield f"{format_rate(commission.rate_bps)} of {base}, rounded half up, is {amount}."
    else:
        yield from _by_product(commission)
        yield f"These rates in proportion on a base of {base}, rounded half up once, are {amount}."
    for entry in commission.entries:
        yield _entry(entry)
    yield f"It is worth {format_money(commission.held_minor, commission.currency)} now and {_standing(commission)}."


def _by_product(commission: CommissionNote) -> Iterator[str]:
    for share in commission.calculation.get("products", ()):
        lines = format_money(share["base_minor"], commission.currency)
        yield f"Its lines of {share['product'] or 'no product'} come to {lines}, at {format_rate(share['rate_bps'])}."


def _entry(entry: EntryNote) -> str:
    return f"{_day(entry.occurred_at)} {entry.kind}: {entry.reason} [{lines_of(entry)}; {entry.cause}]"


def lines_of(entry: EntryNote) -> str:
    """An entry's postings in one line."""
    return ", ".join(f"{line.account} {_signed(line.amount_minor, line.currency)}" for line in entry.postings)


def _standing(commission: CommissionNote) -> str:
    if commission.status != "accrued":
        return f"stands {commission.status}"
    if commission.mature_at is None:
        return "stands accrued, until a person approves it"
    return f"stands accrued; its holdback ends {_day(commission.mature_at)}"


def _signed(amount_minor: int, currency: str) -> str:
    return f"{'+' if amount_minor > 0 else '-'}{format_money(abs(amount_minor), currency)}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
