"""The sentences about a search for a partner's name, about a program, and about an id that is not known. Pure."""

from collections.abc import Iterator, Sequence

from app.explanations.programs import ProgramStanding
from app.explanations.search import PlaceSearched
from app.sentences.offers import offer
from app.sentences.say import listed, say, say_stored


def kind_text(kind: str) -> str:
    """A kind of Stripe object as people write it, e.g. `PaymentIntent`."""
    return say_stored("kind", kind)


def of_search(places: Sequence[PlaceSearched], nearest_code: str | None) -> Iterator[str]:
    """The places where a partner's name was searched, what was there, and the code most similar to an unknown one."""
    if nearest_code:
        yield say("search.nearest_code", code=nearest_code)
    if places:
        yield say("search.places", count=len(places))
    for one in places:
        found = say(f"search.{one.found}", value=one.value or "")
        yield say("search.place", where=_where(one), found=found)


def _where(place: PlaceSearched) -> str:
    if place.carrier == "promotion_code":
        return place.object_id or say("search.promotions")
    if place.object_id is None:
        return place.carrier_text
    return say("search.in_object", carrier=place.carrier_text, object=place.object_id)


def of_several(name: str, summaries: Sequence[tuple[str, str]]) -> str:
    """A line for an object with several payments: `name`, and the label and outcome of each payment."""
    lines = " ".join(say("object.payment_summary", payment=payment, summary=summary) for payment, summary in summaries)
    return say("object.several", name=name, count=len(summaries), summaries=lines)


def in_place(summary: str, *, livemode: bool, account: str | None) -> str:
    """A summary under the mode and connected account it is of, where the same id is known in several."""
    parts = [say("place.live_title" if livemode else "place.test_title")]
    if account:
        parts.append(say("place.connected_aside", account=account))
    return say("place.summary", place=listed(parts), summary=summary)


def unknown_id(any_id: str, nearest_code: str | None) -> str:
    """That an id was not found, which ids can be explained, and what to do."""
    help_text = say("explain.what_can_be_asked")
    if nearest_code:
        return say("explain.unknown_id_nearest", id=any_id, code=nearest_code, help=help_text)
    return say("explain.unknown_id", id=any_id, help=help_text)


def program_summary(standing: ProgramStanding) -> str:
    """Whether its partners earn, and if not, why, in one sentence."""
    if standing.status != "active":
        return say("program.not_active", name=standing.name, status=say(f"status.{standing.status}"))
    if not standing.partners.get("active"):
        return say("program.no_active_partner", name=standing.name)
    return say("program.active", name=standing.name, offer=offer(standing.commission, standing.currency))


def of_program(standing: ProgramStanding) -> Iterator[str]:
    """All sentences about a program."""
    yield say(
        "program.terms" if standing.holdback_days is None else "program.terms_held",
        version=standing.terms_version,
        offer=offer(standing.commission, standing.currency),
        base=say(f"base_kind.{standing.commission_base}"),
        holdback=standing.holdback_days or 0,
    )
    yield say(f"program.{standing.attribution_model}", count=standing.attribution_window_days)
    if standing.conversion_kind != "payment":
        yield say("program.counts_reports", kind=standing.conversion_kind)
    if standing.landing_url is None:
        yield say("program.no_landing_page")
    else:
        yield say("program.landing_page", url=standing.landing_url)
    if not standing.partners:
        yield say("program.no_partners")
        return
    counted = (
        say("program.partners_of_status", number=number, status=say(f"status.{status}"))
        for status, number in standing.partners.items()
    )
    yield say("program.partners", counted=listed(counted))
