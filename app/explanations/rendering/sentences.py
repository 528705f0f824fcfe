"""Sentences of explanations, made from codes and parameters: of a search for a partner's name, of a program. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.explanations.programs import ProgramStanding
from app.explanations.search import PlaceSearched
from app.partners.offers import rate_in_words
from app.payments.facts import Kind

_KIND_IN_WORDS: Final = {Kind.PAYMENT_INTENT: "PaymentIntent", Kind.SESSION: "checkout session"}

_FOUND: Final = {
    "nothing": "nothing",
    "not_seen": "unknown, because no event with this object has come",
    "no_object": "unknown, because no checkout session of this payment has come",
    "not_asked": "not used, because only payments of invoices are credited through the customer",
    "no_code": "{value!r}, which is no partner's code",
    "session": "the session {value!r}, which has no visit that counts",
    "promotion": "used, and belongs to no partner",
}


def kind_in_words(kind: str) -> str:
    """A kind of Stripe object as people write it, e.g. `PaymentIntent`."""
    return _KIND_IN_WORDS.get(kind, kind.replace("_", " "))


def of_search(places: Sequence[PlaceSearched], nearest_code: str | None) -> Iterator[str]:
    """Where a partner's name was looked for and what was there, and the known code that is most like an unknown one."""
    if nearest_code:
        yield f"The nearest known code is {nearest_code}."
    if places:
        yield f"A partner's name was looked for in {len(places)} places:"
    for one in places:
        yield f"- {_where(one)}: {_FOUND[one.found].format(value=one.value)}."


def _where(place: PlaceSearched) -> str:
    if place.carrier == "promotion_code":
        return place.object_id or "promotion codes and coupons"
    return f"{place.carrier_in_words} {place.object_id}" if place.object_id else place.carrier_in_words


def of_several(name: str, summaries: Sequence[tuple[str, str]]) -> str:
    """One line for what has several payments: `name` and, for each payment, what it is called and how it ended."""
    told = " ".join(f"{payment}: {summary}" for payment, summary in summaries)
    return f"{name} has {len(summaries)} payments. {told}"


def unknown_id(any_id: str, nearest_code: str | None) -> str:
    """That an id was not found, what can be asked for, and what to do."""
    alike = f" The nearest partner's code is {nearest_code}." if nearest_code else ""
    return (
        f"nothing was found for {any_id!r}.{alike} It can be one of our ids (com_ commission, cnv_ conversion, "
        "pmt_ payment, par_ or aff_ partner, prog_ program, att_ attribution), a partner's code or e-mail address, "
        "manual:… with your own id of what you reported, or an id of Stripe's that an event has named (evt_, in_, pi_, "
        "ch_, cs_, cus_, sub_, re_, dp_ or du_, cn_ …). If it is Stripe's, no event with it was delivered here: check "
        "the deliveries of the webhook endpoint in Stripe"
    )


def program_summary(standing: ProgramStanding) -> str:
    """Whether its partners earn, and if not, why, in one sentence."""
    name = f"The program {standing.name}"
    if standing.status != "active":
        return f"{name} is {standing.status}, so new payments earn its partners nothing. Set its status to active."
    if not standing.partners.get("active"):
        return f"{name} is active, but none of its partners is, so no payment earns a commission."
    return f"{name} is active: its partners earn {rate_in_words(standing.commission, standing.currency)}."


def of_program(standing: ProgramStanding) -> Iterator[str]:
    """The program's standing in plain sentences."""
    held = f"{standing.holdback_days} days" if standing.holdback_days is not None else "none"
    yield (
        f"Terms version {standing.terms_version}: {rate_in_words(standing.commission, standing.currency)}, on the "
        f"{standing.commission_base} base; holdback: {held}. A partner keeps the terms it was stamped with."
    )
    model = standing.attribution_model.replace("_", " ")
    yield f"Attribution by {model} within {standing.attribution_window_days} days."
    if standing.conversion_kind != "payment":
        yield f"It counts reported conversions of kind {standing.conversion_kind}, and no payments from Stripe."
    if standing.landing_url is None:
        yield "It has no landing page, so its links lead to no page of yours. Set landing_url."
    else:
        yield f"Its links lead to {standing.landing_url}."
    counted = ", ".join(f"{number} {status}" for status, number in standing.partners.items())
    yield f"Its partners: {counted or 'none yet'}."
