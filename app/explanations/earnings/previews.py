"""What an offer would pay: a change of terms is made, what it pays on an example payment is said, and it is undone."""

from collections.abc import Callable, Mapping
from typing import Any, Self
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session

from app import db
from app.explanations.earnings import offers
from app.explanations.earnings.offers import Offer
from app.organizations.actors import Actor
from app.partners.managing import commands as managing
from app.partners.models import Partner
from app.partners.terms import snapshots
from app.programs import commands as programs
from app.programs.models import Program
from app.programs.shapes import StoredCommission
from app.programs.views import ProgramBody
from app.views import Snake


class OfferPreview(Snake):
    """What a partner would earn."""

    commission: StoredCommission
    holdback_days: int | None = Field(description="Null: nothing is approved by the clock.")
    sentences: list[str] = Field(description="The first has the commission on an example payment.")

    @classmethod
    def of(cls, offer: Offer) -> Self:
        """The offer in sentences."""
        return cls(
            commission=dict(offer.commission),
            holdback_days=offer.holdback_days,
            sentences=offers.sentences_of(offer),
        )


def try_creation(session: Session, actor: Actor, owner: UUID, settings: Mapping[str, Any]) -> ProgramBody:
    """The program that `programs.commands.create` would make. Raises what it raises."""
    with db.rolled_back(session):
        return programs.create(session, actor, owner, settings)


def try_change(session: Session, actor: Actor, program: Program, changes: Mapping[str, Any]) -> ProgramBody:
    """The program as `managing.commands.change_program` would change it. Raises what it raises."""
    with db.rolled_back(session):
        return managing.change_program(session, actor, program, changes)


def try_amendment(session: Session, partner: Partner, amend: Callable[[], object]) -> Offer:
    """What the partner would be offered by the snapshot that `amend` stamps. Raises what it raises."""
    with db.rolled_back(session):
        amend()
        newest = max(snapshots.load_history(session, partner.id), key=lambda row: row[0].id)
        return offers.of_snapshot(*newest, session.get_one(Program, partner.program_id))
