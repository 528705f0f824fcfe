"""Command: gives partners that have earlier terms of their program its present ones."""

from contextlib import nullcontext
from datetime import datetime
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from app import db
from app.immutable import immutable
from app.organizations import actors
from app.partners.managing import commands
from app.partners.terms import kept
from app.partners.terms.snapshots import AppliesTo
from app.programs.models import Program
from app.programs.terms import terms_in_force
from app.views import Snake

AT_ONCE: Final = 200
"""Partners that get the terms in one transaction."""


@immutable
class Moved:
    """How many partners got the program's terms, and whether others still have earlier ones."""

    partners: int
    has_more: bool


class TermsGiven(Snake):
    """Partners that got the program's present terms, or would get them, and who has which terms then."""

    dry_run: bool
    partners: int = Field(description="How many partners with earlier terms of the program get the present ones.")
    has_more: bool = Field(
        description="Whether others still have earlier ones: a call gives them to at most 200. Repeat the call until "
        "it is false."
    )
    kept: kept.Kept


def give_present(
    session: Session,
    actor: actors.Actor,
    program: Program,
    applies_to: AppliesTo,
    *,
    effective_from: datetime | None = None,
) -> Moved:
    """Give up to `AT_ONCE` active and paused partners the program's terms in force, each as `commands.amend_terms`.

    Partners with a commission of their own keep it. Commissions earned before do not change.

    Args:
        session: locks the partners, and writes their snapshots and audit entries.
        actor: who decides it.
        program: the program.
        applies_to: whether the terms count for payments of all their customers, or only of new ones.
        effective_from: None: now.

    Raises:
        InvalidRequest: `effective_from` is in the past.
    """
    terms = terms_in_force(session, program.id)
    former = kept.load_former(session, program, terms.id, limit=AT_ONCE + 1)
    for partner in former[:AT_ONCE]:
        commands.amend_terms(session, actor, partner, None, applies_to=applies_to, effective_from=effective_from)
    return Moved(min(len(former), AT_ONCE), has_more=len(former) > AT_ONCE)


def give_or_try(
    session: Session,
    actor: actors.Actor,
    program: Program,
    applies_to: AppliesTo,
    *,
    effective_from: datetime | None = None,
    dry_run: bool = False,
) -> TermsGiven:
    """As `give_present`; returns the counts afterwards too. With `dry_run` everything is rolled back."""
    with db.rolled_back(session) if dry_run else nullcontext():
        moved = give_present(session, actor, program, applies_to, effective_from=effective_from)
        session.flush()
        after = kept.load(session, program)
    return TermsGiven(dry_run=dry_run, partners=moved.partners, has_more=moved.has_more, kept=after)
