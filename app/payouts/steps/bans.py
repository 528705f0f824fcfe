"""Banning a partner: what is reserved for it and was not sent is canceled, in both modes."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.commissions.settling.settlement import Cause
from app.immutable import immutable
from app.organizations.actors import Actor
from app.partners.managing import commands
from app.partners.models import Partner
from app.payouts.models import Payout
from app.payouts.steps import cancelling, run_states

BANNED: Final = "partner_banned"
"""Why its payouts are canceled."""


@immutable
class Ban:
    """The payouts of a banned partner that the caller sees: canceled now, and those that have left already."""

    canceled: Sequence[Payout]
    under_way: Sequence[Payout]


def ban(session: Session, actor: Actor, partner: Partner, by: Cause, *, livemode: bool | None = None) -> Ban:
    """Ban a partner, and cancel its payouts that were not sent; what was sent is returned, for a person to look at.

    Args:
        session: writes; it sees money of one mode, or of both.
        actor: who bans.
        partner: whom; not locked, because runs are locked first.
        by: the cause of the entries.
        livemode: the only mode whose payouts are returned; None: both are.

    Effects: locks the program's runs before the partner, so that a batch that reserves ends first, and the next one
    sees the ban. Payouts of the other mode are canceled too.
    """
    canceled: list[Payout] = []
    for mode in (True, False):
        with db.in_mode(session, livemode=mode):
            run_states.lock_unfinished(session, [partner.program_id])
    session.refresh(partner, with_for_update=True)
    commands.move(session, actor, partner, "ban")
    for mode in (True, False):
        with db.in_mode(session, livemode=mode):
            canceled += cancelling.cancel_unsent_of_partner(session, by, partner.id, livemode=mode, reason=BANNED)
    return Ban(
        [payout for payout in canceled if livemode in (None, payout.livemode)],
        _under_way(session, partner.id, livemode),
    )


def _under_way(session: Session, partner_id: UUID, livemode: bool | None) -> Sequence[Payout]:
    chosen = select(Payout).where(Payout.partner_id == partner_id)
    if livemode is not None:
        chosen = chosen.where(Payout.livemode == livemode)
    payouts = session.scalars(chosen.order_by(Payout.id)).all()
    return [payout for payout in payouts if payout.status in ("processing", "sent")]
