"""What crediting by hand would change: the decision is made, its amounts are read, and all of it is taken back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from app import db, ids
from app.commissions.by_hand.assign import Assigned
from app.commissions.models import Commission, Conversion
from app.commissions.queries import net_minor
from app.immutable import immutable
from app.partners.models import Partner

Earner = tuple[UUID, str, str]
"""A partner's id and code, and a currency."""


@immutable
class Change:
    """What a partner's commissions on the payments concerned are worth before and afterwards, in minor units."""

    partner_id: str
    partner_code: str
    currency: str
    before_minor: int
    after_minor: int


@immutable
class Effect:
    """How many payments move, how many stay because their commission is paid, and what each partner's are worth."""

    moved: int
    kept: int
    changes: Sequence[Change]


def try_out(session: Session, decide: Callable[[], Assigned], payment_ids: Iterable[UUID] = ()) -> Effect:
    """The effect of `decide`, which is rolled back.

    Args:
        session: locks what the decision locks, until its transaction ends.
        decide: a command of `assign`, with its arguments.
        payment_ids: payments whose commissions are compared, beside those that move.

    Raises:
        What `decide` raises.
    """
    with db.rolled_back(session):
        assigned = decide()
        concerned = {*payment_ids, *assigned.moved}
        after = _worth(session, concerned)
    before = _worth(session, concerned)
    return Effect(len(assigned.moved), len(assigned.kept), _changes(before, after))


def _worth(session: Session, payment_ids: set[UUID]) -> dict[Earner, int]:
    rows = session.execute(
        select(Commission, Partner.slug)
        .join(Conversion, Conversion.id == Commission.conversion_id)
        .join(Partner, Partner.id == Commission.partner_id)
        .where(Conversion.payment_id.in_(payment_ids))
        .options(defer(Commission.calculation, raiseload=True))
        .execution_options(populate_existing=True)
    )
    worth: dict[Earner, int] = {}
    for commission, code in rows:
        earner = (commission.partner_id, code, commission.currency)
        worth[earner] = worth.get(earner, 0) + net_minor(commission)
    return worth


def _changes(before: Mapping[Earner, int], after: Mapping[Earner, int]) -> list[Change]:
    every = sorted(before.keys() | after.keys(), key=lambda earner: earner[1:])
    return [
        Change(ids.encode(ids.PARTNER, partner_id), code, currency, before.get(earner, 0), after.get(earner, 0))
        for earner in every
        for partner_id, code, currency in [earner]
        if before.get(earner, 0) or after.get(earner, 0)
    ]
