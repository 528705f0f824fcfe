"""Programs: a merchant's offers, and the default one."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound
from app.partners.models import Program
from app.partners.terms import add_terms

CURRENCY_PATTERN: Final = re.compile("[a-z]{3}")


def create_program(  # noqa: PLR0913 - what a program is made of
    session: Session,
    organization_id: UUID,
    *,
    name: str,
    commission: Mapping[str, Any],
    currency: str = "usd",
    holdback_days: int | None = None,
    commission_base: Literal["net", "gross"] = "net",
    status: Literal["draft", "active", "paused", "archived"] = "draft",
    is_default: bool = False,
) -> Program:
    """A program with version 1 of its terms.

    Args:
        session: writes both rows.
        organization_id: the owner.
        name: what partners read.
        commission: the tagged union, `{"type": "percentage", "bps": 2000}`.
        currency: of flat amounts and statistics, in either case; payments keep their own.
        holdback_days: from accrual to automatic approval; None means none is automatic.
        commission_base: whether the tax in a payment earns too (`gross`) or not.
        status: only active programs pay.
        is_default: whether an owner's calls that name no program mean this one; an owner has at most one.

    Raises:
        InvalidRequest: names the field.
    """
    if not CURRENCY_PATTERN.fullmatch(currency.lower()):
        raise InvalidRequest("currency must be a three-letter code, such as usd", param="currency")
    if holdback_days is not None and holdback_days < 0:
        raise InvalidRequest("holdback_days must be 0 or more", param="holdback_days")
    program = Program(
        id=ids.new(),
        organization_id=organization_id,
        name=name,
        status=status,
        currency=currency.lower(),
        is_default=is_default,
    )
    session.add(program)
    session.flush()
    add_terms(session, program, commission=commission, holdback_days=holdback_days, commission_base=commission_base)
    return program


def find_default_program(session: Session, organization_id: UUID) -> Program | None:
    """The program meant where an owner's call names none."""
    return session.scalar(
        select(Program).where(Program.organization_id == organization_id, Program.is_default).limit(1)
    )


def get_program(
    session: Session, organization_ids: Sequence[UUID], program_id: str | None, *, default_of: UUID
) -> Program:
    """The program named by a public id among those of `organization_ids`; None means the default of `default_of`.

    Raises:
        NotFound: no such program of theirs, or no default.
    """
    if program_id is None:
        found = find_default_program(session, default_of)
        if found is None:
            raise NotFound("no default program; name one in program_id", code="program_not_found", param="program_id")
        return found
    key = ids.decode(program_id, ids.PROGRAM)
    found = session.scalar(select(Program).where(Program.id == key, Program.organization_id.in_(organization_ids)))
    if found is None:
        raise NotFound("there is no such program", code="program_not_found", param="program_id")
    return found
