"""What an offer pays on an example payment, computed by the rules that settle payments."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from app.commissions.rates import amounts
from app.immutable import immutable
from app.partners.models import Snapshot
from app.partners.queries.directory import SnapshotTerms
from app.payments.state.state import PaymentState
from app.programs.models import Program, Terms
from app.programs.shapes import Commission, shape_of
from app.programs.views import ProgramBody
from app.sentences.calculations import formula
from app.sentences.say import Money, say

NET_MINOR: Final = 10_000
TAX_MINOR: Final = 2_000
"""The example, in the smallest unit: 100.00 USD and 20.00 USD of tax, or 10,000 JPY."""
_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)


@immutable
class Offer:
    """What decides how much a partner earns, and when it is approved.

    Attributes:
        commission: as it is stored.
        currency: the program's.
        multi_level: the ladder; empty where uplines earn nothing.
    """

    commission: Mapping[str, Any]
    currency: str
    commission_base: str
    holdback_days: int | None
    is_approved_at_once: bool = False
    multi_level: Sequence[Mapping[str, Any]] = ()


def of_program(program: ProgramBody) -> Offer:
    """What a program offers by its terms in force."""
    return Offer(
        commission=program.commission,
        currency=program.currency,
        commission_base=program.commission_base,
        holdback_days=program.holdback_days,
        is_approved_at_once=program.auto_approve,
        multi_level=program.multi_level if program.multi_level_enabled else (),
    )


def of_snapshot(snapshot: Snapshot, terms: Terms, program: Program) -> Offer:
    """What a partner is offered by terms that were stamped onto it."""
    return Offer(
        commission=snapshot.commission,
        currency=program.currency,
        commission_base=terms.commission_base,
        holdback_days=terms.holdback_days if snapshot.holdback_days is None else snapshot.holdback_days,
        is_approved_at_once=program.auto_approve,
        multi_level=terms.multi_level if program.multi_level_enabled else (),
    )


def sentences_of(offer: Offer) -> list[str]:
    """The offer in sentences, the first with the amount of an example payment."""
    shape = shape_of(offer.commission)
    return [
        *_amounts(offer, shape),
        *_limits(shape),
        _approval(offer),
    ]


def _amounts(offer: Offer, shape: Commission) -> Iterator[str]:
    first = _earned(offer, shape)
    yield say(
        "preview.earns",
        gross=Money(first.gross_minor, offer.currency),
        tax=Money(TAX_MINOR, offer.currency),
        amount=Money(first.target_minor, offer.currency),
        formula=formula(first.details(), offer.currency),
    )
    for count in shape.rate_changes:
        then = _earned(offer, shape, approved_before=count)
        yield say("preview.tier", conversions=count, amount=Money(then.target_minor, offer.currency))
    for rate in shape.product_rates or ():
        own = _earned(offer, shape, product=rate.product)
        yield say("preview.product", product=rate.product, amount=Money(own.target_minor, offer.currency))
    for step in offer.multi_level:
        upline = amounts.of_upline(first, int(step["level"]), int(step["bps"]))
        yield say("preview.upline", level=int(step["level"]), amount=Money(upline.target_minor, offer.currency))


def _limits(shape: Commission) -> Iterator[str]:
    if shape.most_cycles is not None:
        yield say("preview.cycles", count=shape.most_cycles)
    if shape.max_months is not None:
        yield say("preview.months", count=shape.max_months)
    if not shape.has_limits:
        yield say("preview.every_payment")


def _approval(offer: Offer) -> str:
    if offer.holdback_days is not None:
        return say("preview.held", holdback=say("count.days", count=offer.holdback_days))
    return say("preview.at_once" if offer.is_approved_at_once else "preview.by_person")


def _earned(offer: Offer, shape: Commission, *, approved_before: int = 0, product: str = "") -> amounts.Calculation:
    """The commission on the example payment, which is for one product."""
    terms = SnapshotTerms(
        id=UUID(int=0),
        terms_id=UUID(int=0),
        terms_version=1,
        commission=shape,
        commission_base=offer.commission_base,
        holdback_days=offer.holdback_days,
        applies_to="all_customers",
        effective_from=_AT,
    )
    return amounts.calculate(_payment(offer.currency, product), terms, approved_before=approved_before)


def _payment(currency: str, product: str) -> PaymentState:
    return PaymentState(
        key="example",
        customer="",
        subscription="",
        invoice="",
        payment_intent="",
        charge="",
        currency=currency,
        gross_minor=NET_MINOR + TAX_MINOR,
        base_minor=NET_MINOR,
        returned_minor=0,
        base_details={"lines": {product: NET_MINOR}},
        occurred_at=_AT,
    )
