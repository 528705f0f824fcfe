"""Terms: the versions of a program's rules."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest
from app.programs.models import Program, Terms
from app.programs.shapes import valid_commission
from app.programs.validation import valid_ladder

TERMS_FIELDS: Final = ("commission", "multi_level", "holdback_days", "commission_base")
"""The fields of a program's terms: changing any of them appends a version."""


def add_terms(
    session: Session,
    program: Program,
    *,
    commission: Mapping[str, Any],
    multi_level: Sequence[Mapping[str, Any]] = (),
    holdback_days: int | None = None,
    commission_base: Literal["net", "gross"] = "net",
) -> Terms:
    """Append the next version of the program's terms and return it; earlier versions do not change.

    Args:
        session: writes the version.
        program: the program; locked by the caller unless it is new.
        commission: the tagged union.
        multi_level: the uplines' rates, `[{"level": 1, "bps": 500}, …]`.
        holdback_days: from accrual to automatic approval; None: nothing is approved automatically.
        commission_base: `gross`: the base includes the payment's tax; `net`: it does not.

    Raises:
        InvalidRequest: names the field.
    """
    if holdback_days is not None and holdback_days < 0:
        raise InvalidRequest(f"holdback_days is {holdback_days}; it must be 0 or more", param="holdback_days")
    before = newest_terms(session, program.id)
    terms = Terms(
        id=ids.new(),
        organization_id=program.organization_id,
        program_id=program.id,
        version=before.version + 1 if before else 1,
        commission=valid_commission(commission),
        multi_level=valid_ladder(multi_level),
        holdback_days=holdback_days,
        commission_base=commission_base,
    )
    session.add(terms)
    session.flush()
    return terms


def revise_terms(session: Session, program: Program, changes: Mapping[str, Any]) -> list[str]:
    """Append a version of the terms if any of `changes` (keys of `TERMS_FIELDS`) differs from the present terms.

    Returns:
        The names of the fields that differ; if there are none, no version was appended.

    Raises:
        InvalidRequest: names the wrong field.
    """
    if not changes:
        return []
    present = terms_in_force(session, program.id)
    before = {field: getattr(present, field) for field in TERMS_FIELDS}
    after = {**before, **changes}
    if "commission" in changes:
        after["commission"] = valid_commission(changes["commission"])
    if "multi_level" in changes:
        after["multi_level"] = valid_ladder(changes["multi_level"])
    if after != before:
        add_terms(session, program, **after)
    return [field for field in TERMS_FIELDS if after[field] != before[field]]


def newest_terms(session: Session, program_id: UUID) -> Terms | None:
    """The program's newest terms; None for a program that is being created."""
    return session.scalar(select(Terms).where(Terms.program_id == program_id).order_by(Terms.version.desc()).limit(1))


def list_versions(session: Session, program_id: UUID) -> Sequence[Terms]:
    """Every version of the program's terms, newest first."""
    return session.scalars(select(Terms).where(Terms.program_id == program_id).order_by(Terms.version.desc())).all()


def terms_in_force(session: Session, program_id: UUID) -> Terms:
    """The program's newest terms. Every program has terms, so it is a bug if there are none."""
    terms = newest_terms(session, program_id)
    assert terms is not None, program_id
    return terms


def terms_in_force_of_each(session: Session, program_ids: Sequence[UUID]) -> dict[UUID, Terms]:
    """The newest terms of these programs, by program id."""
    rows = session.scalars(
        select(Terms)
        .where(Terms.program_id.in_(program_ids))
        .order_by(Terms.program_id, Terms.version.desc())
        .ext(distinct_on(Terms.program_id))
    )
    return {terms.program_id: terms for terms in rows}
