"""An explanation in plain sentences: the same story for the command line, the API and a page."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from app.explanations import returns
from app.explanations.rendering import sentences
from app.explanations.views import AttributionNote, CommissionNote, DecisionNote, EntryNote, PaymentExplanation
from app.money import format_money, format_rate
from app.sentences import calculations


def sentences_of(story: PaymentExplanation) -> list[str]:
    """The whole story of a payment, in the order in which it is computed."""
    return [*_of_payment(story), *_of_credit(story), *_of_commissions(story)]


def summary_of(story: PaymentExplanation) -> str:
    """How it ended, in one sentence."""
    earned = [commission for commission in story.commissions if commission.amount_minor > 0]
    if not earned:
        return f"No commission. {story.payment.reason}"
    return f"{'; '.join(_worth(one) for one in earned)}."


def _worth(commission: CommissionNote) -> str:
    """What a commission is worth now and, where all of it was taken back, how much that was."""
    amount, held = (
        format_money(minor, commission.currency) for minor in (commission.amount_minor, commission.held_minor)
    )
    if commission.held_minor == 0:
        return f"{commission.partner_code} has nothing on it: {amount} was accrued and all of it was reversed"
    return f"{commission.partner_code} has {held} {commission.status} on it"


def _of_payment(story: PaymentExplanation) -> Iterator[str]:
    payment = story.payment
    object_ids = ", ".join(filter(None, (payment.invoice, payment.payment_intent, payment.charge)))
    yield (
        f"Payment {payment.id}: {format_money(payment.amount_cents, payment.currency)} "
        f"on {_day(payment.occurred_at)} ({object_ids or _reported(story) or 'no Stripe object named'}){_place(story)}."
    )
    base = format_money(payment.base_cents, payment.currency)
    formula = calculations.base_formula(story.base, payment.currency)
    yield f"Its base is {base}{f': {formula}' if formula else ''}{_figures(story)}."
    if shown := story.base.get("presentment"):
        yield f"The customer was shown {format_money(shown['amount_minor'] or 0, shown['currency'])}."
    yield from _of_returns(story)


def _reported(story: PaymentExplanation) -> str:
    """Who reported it and when, and what was said; "" for what Stripe told of."""
    if story.base.get("source") != "reported":
        return ""
    named = {"external_id": "as", "project_id": "of project", "event_name": "event", "entitlement_id": "entitlement"}
    said = "".join(f", {words} {story.base[name]}" for name, words in named.items() if story.base.get(name))
    return f"reported by {story.base['reported_by']} on {story.base['reported_at'][:10]}{said}"


def _of_returns(story: PaymentExplanation) -> Iterator[str]:
    payment = story.payment
    notes = (*story.refunds, *story.disputes, *story.credit_notes, *story.warnings)
    yield from returns.sentences_of(notes, payment.currency)
    if payment.returned_cents:
        gross, returned = (
            format_money(minor, payment.currency) for minor in (payment.amount_cents, payment.returned_cents)
        )
        yield f"In all {returned} of {gross} went back."
    yield from _of_sums(story)
    if story.hold == "dispute":
        yield "Its approval is on hold while the dispute is open."
    elif story.held_until is not None:
        yield f"Its approval is on hold until {_day(story.held_until)}, because of a fraud warning."
    for decision in story.decisions:
        yield _decision(decision)


def _of_sums(story: PaymentExplanation) -> Iterator[str]:
    """What no single refund or dispute says of it."""
    currency = story.payment.currency
    if unnamed := story.base.get("unnamed_returned_minor"):
        yield f"Of what was refunded, {format_money(unnamed, currency)} is known only by the charge's own sum."
    if story.base.get("dispute_in_other_currency"):
        yield "A dispute is in another currency than the payment, so it counts as all that its charge brought."
    if overpaid := story.base.get("overpaid_minor"):
        told = format_money(overpaid, currency)
        yield f"{told} more was paid than was due on the invoice. It earned nothing, and is refunded first."


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
        yield f"No commission. {story.payment.reason}"
    if story.merged_into is not None:
        yield f"It is merged into {story.merged_into}, whose explanation shows what was earned."
    yield from sentences.of_search(story.searched, story.nearest_code)


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
            f"so {attribution.subject} is credited to it"
        )
    if attribution.carrier == "reported":
        return f"{attribution.partner_code} ({attribution.partner_id}), whom the report names ({attribution.event_id})"
    return (
        f"{attribution.partner_code} ({attribution.partner_id}) by {attribution.carrier_in_words}: "
        f"{attribution.object_id} says {attribution.name!r} in {attribution.field_path} ({attribution.event_id}), "
        f"so {attribution.subject} is credited to it"
    )


def _of_commissions(story: PaymentExplanation) -> Iterator[str]:
    for commission in story.commissions:
        yield from _of_commission(commission)


def _of_commission(commission: CommissionNote) -> Iterator[str]:
    yield _by_what(commission)
    if tier := commission.calculation.get("tier"):
        yield _tier(tier, commission.partner_code)
    yield from _arithmetic(commission)
    for entry in commission.entries:
        yield _entry(entry)
    yield f"It is worth {format_money(commission.held_minor, commission.currency)} now: {_standing(commission)}."


def _by_what(commission: CommissionNote) -> str:
    version = f"terms version {commission.terms.version}"
    if commission.level:
        return (
            f"{commission.partner_code} earns at level {commission.level} of the ladder of {version}, "
            "which the customer was bound under."
        )
    origin = "its own rate" if commission.snapshot.is_override else "the program's rate"
    stamped = f"stamped {_day(commission.snapshot.effective_from)} ({commission.snapshot.source})"
    base = commission.terms.commission_base
    words = f"{commission.partner_code} earns by {origin}, {stamped}, {version}, on the {base} base."
    if commission.accrued_at < commission.snapshot.effective_from:
        words += (
            f" The customer paid on {_day(commission.accrued_at)}, before the partner had terms: its first terms count."
        )
    return words


def _tier(tier: Mapping[str, int], code: str) -> str:
    reached = f"the tier from {tier['min_conversions']} on" if tier["min_conversions"] else "the rate below all tiers"
    count = tier["approved_before"]
    were = "1 conversion of {code} was" if count == 1 else f"{count} conversions of {{code}} were"
    return f"{were.format(code=code)} approved by then, so {reached} counts: {format_rate(tier['bps'])}."


def _arithmetic(commission: CommissionNote) -> Iterator[str]:
    amount, base, fixed = (
        format_money(minor, commission.currency)
        for minor in (commission.amount_minor, commission.base_minor, commission.calculation.get("fixed_minor", 0))
    )
    if commission.rate_bps is not None:
        yield f"{format_rate(commission.rate_bps)} of {base}, rounded half up, is {amount}."
        return
    yield from _by_product(commission)
    if amount == fixed:
        yield f"A fixed amount for the conversion, whatever it comes to, is {amount}."
    elif commission.calculation.get("products"):
        more = f", and the fixed {fixed}" if commission.calculation.get("fixed_minor") else ""
        yield f"These rates in proportion on a base of {base}, rounded half up once{more}, are {amount}."


def _by_product(commission: CommissionNote) -> Iterator[str]:
    for share in commission.calculation.get("products", ()):
        lines = format_money(share["base_minor"], commission.currency)
        rate = "for the fixed amount" if share.get("is_fixed") else f"at {format_rate(share['rate_bps'])}"
        yield f"Its lines of {share['product'] or 'no product'} come to {lines}, {rate}."
    if commission.level and any(share["rate_bps"] == 0 for share in commission.calculation.get("products", ())):
        yield "A ladder earns nothing on lines that earn the partner nothing."


def _entry(entry: EntryNote) -> str:
    return f"{_day(entry.occurred_at)} {entry.kind}: {entry.reason} [{lines_of(entry)}; {entry.cause}]"


def lines_of(entry: EntryNote) -> str:
    """An entry's postings in one line."""
    return ", ".join(f"{line.account} {_signed(line.amount_minor, line.currency)}" for line in entry.postings)


def _standing(commission: CommissionNote) -> str:
    if commission.amount_minor and not commission.held_minor:
        return f"all {format_money(commission.amount_minor, commission.currency)} of it was reversed"
    if commission.status != "accrued":
        return commission.status
    if commission.mature_at is None:
        return "accrued, until a person approves it"
    return f"accrued; its holdback ends {_day(commission.mature_at)}"


def _signed(amount_minor: int, currency: str) -> str:
    return f"{'+' if amount_minor > 0 else '-'}{format_money(abs(amount_minor), currency)}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
