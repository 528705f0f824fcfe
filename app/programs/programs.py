"""Creating, changing, finding and listing programs; each owner may have one default program."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import Conflict, InvalidRequest, NotFound
from app.ledger.checkpoints import ProgramDays
from app.organizations.hierarchy import require_merchant
from app.paging import Page, load_page, owned_by
from app.programs import validation
from app.programs.models import Program
from app.programs.terms import TERMS_FIELDS, add_terms, revise_terms
from app.texts import require_line

ONE_DEFAULT: Final = "uq_programs_one_default"


def days_of_all(session: Session) -> list[ProgramDays]:
    """All programs with their owners and time zones, for the checkpoints of statistics."""
    columns = select(Program.id, Program.organization_id, Program.time_zone).order_by(Program.id)
    return [ProgramDays(*row) for row in session.execute(columns)]


def create_program(
    session: Session,
    organization_id: UUID,
    *,
    name: str,
    commission: Mapping[str, Any],
    currency: str = "usd",
    is_default: bool | None = False,
    **settings: Any,
) -> Program:
    """Insert a program with version 1 of its terms, and return it.

    Args:
        session: writes both rows.
        organization_id: the owner.
        name: the name partners see.
        commission: the tagged union, `{"type": "percentage", "bps": 2000}`.
        currency: of flat amounts and statistics, in upper or lower case; payments keep their own currency.
        is_default: whether the owner's calls without a program use this one. An owner has at most one default, so the
            former default ends. None: it becomes the default if the owner has none yet.
        settings: columns of `Program`; `multi_level`, `holdback_days` and `commission_base` of its terms; and
            `minimum_payout_minor`, the minimum payout in `currency`.

    Raises:
        InvalidRequest: names the field.
        Conflict: `not_a_merchant`, the owner is an affiliate.
    """
    require_merchant(session, organization_id)
    if is_default is None:
        is_default = find_default_program(session, organization_id) is None
    program = Program(
        id=ids.new(),
        organization_id=organization_id,
        name=require_line(name, param="name"),
        currency=validation.valid_currency(currency),
        status=settings.pop("status", "draft"),
        minimum_payouts={},
        is_default=is_default,
    )
    terms = {field: settings.pop(field) for field in TERMS_FIELDS if field in settings}
    _set_columns(session, program, {"conversion_kind": "payment", **settings})
    if is_default:
        _end_default(session, program)
    session.add(program)
    _flush(session)
    add_terms(session, program, commission=commission, **terms)
    return program


def change_program(session: Session, program: Program, changes: Mapping[str, Any], *, has_partners: bool) -> list[str]:
    """Change a program's settings and terms; returns the names of the fields that differ, sorted.

    A difference in `TERMS_FIELDS` appends a version of the terms. It applies to partners approved from then on:
    partners that are active already keep their snapshots, and no commission changes.

    Args:
        session: locks the program, writes it, and its new terms.
        program: a program of the caller's.
        changes: arguments of `create_program`; values equal to the present ones change nothing.
        has_partners: whether partners are enrolled, so that the currency is fixed.

    Raises:
        InvalidRequest: names the field.
        Conflict: `status_refused`, `currency_fixed`, `default_program`, `default_taken`.
    """
    # Locked, because two concurrent changes would append the same version, and each would check the old status.
    session.refresh(program, with_for_update=True)
    before = {column.key: getattr(program, column.key) for column in Program.__table__.columns}
    terms = {field: value for field, value in changes.items() if field in TERMS_FIELDS}
    settings = {field: value for field, value in changes.items() if field not in TERMS_FIELDS}
    if "status" in settings:
        validation.refuse_transition(program.status, settings["status"])
    if "currency" in settings:
        _refuse_currency_change(program, settings["currency"], has_partners=has_partners)
    _set_columns(session, program, settings)
    if program.status == "archived" and program.is_default:
        message = "the default program cannot be archived; make another program the default, or send is_default false"
        raise Conflict(message, code="default_program", param="status")
    if program.is_default and not before["is_default"]:
        _end_default(session, program)
    changed = [field for field, value in before.items() if getattr(program, field) != value]
    _flush(session)
    return sorted(changed + revise_terms(session, program, terms))


def user_id_fields(session: Session, organization_id: UUID) -> tuple[str, ...]:
    """The metadata fields with a user's id that the owner's programs name, sorted."""
    named = select(Program.user_id_field).where(Program.organization_id == organization_id).distinct()
    return tuple(sorted(session.scalars(named)))


def find_default_program(session: Session, organization_id: UUID) -> Program | None:
    """The owner's default program, used when a call names no program; None if there is none."""
    return session.scalar(
        select(Program).where(Program.organization_id == organization_id, Program.is_default).limit(1)
    )


def get_program(
    session: Session, organization_ids: Sequence[UUID], program_id: str | None, *, default_of: UUID
) -> Program:
    """The program with this public id, owned by one of `organization_ids`; for None the default of `default_of`.

    Raises:
        NotFound: these organizations have no such program, or no default program.
    """
    if program_id is None:
        program = find_default_program(session, default_of)
        if program is None:
            raise NotFound(
                "the organization has no default program; send program_id", code="program_not_found", param="program_id"
            )
        return program
    key = ids.decode(program_id, ids.PROGRAM)
    program = session.scalar(select(Program).where(Program.id == key, Program.organization_id.in_(organization_ids)))
    if program is None:
        raise NotFound.of("program", program_id, param="program_id")
    return program


def list_programs(
    session: Session, organization_ids: Sequence[UUID], *, limit: int, starting_after: str | None = None
) -> Page[Program]:
    """A page of these organizations' programs, newest first. Raises InvalidRequest."""
    owned = select(Program).where(owned_by(Program.organization_id, organization_ids))
    return load_page(session, owned, Program.id, ids.PROGRAM, limit=limit, starting_after=starting_after)


def _set_columns(session: Session, program: Program, settings: Mapping[str, Any]) -> None:
    """Check and set columns, those that depend on one another together. Raises InvalidRequest."""
    values = dict(settings)
    values.update(_valid_minimums(program, values))
    if "name" in values:
        require_line(values["name"], param="name")
    for field, check in (
        ("currency", validation.valid_currency),
        ("landing_url", validation.valid_landing_url),
        ("landing_hosts", validation.valid_hosts),
    ):
        if field in values:
            values[field] = check(values[field])
    if "time_zone" in values:
        _refuse_unknown_zone(session, values["time_zone"])
    for field, value in values.items():
        setattr(program, field, value)
    validation.refuse_missing_signal(
        program.conversion_kind, program.conversion_event_name, program.conversion_entitlement_id
    )


def _valid_minimums(program: Program, values: dict[str, Any]) -> dict[str, dict[str, int]]:
    """The new `minimum_payouts`, if `values` change them; removes `minimum_payout_minor` from `values`."""
    if "minimum_payout_minor" not in values:
        minimums = values.get("minimum_payouts")
        return {} if minimums is None else {"minimum_payouts": validation.valid_minimums(minimums)}
    minimum_minor = values.pop("minimum_payout_minor")
    if "minimum_payouts" in values:
        message = "send minimum_payout_cents or minimum_payouts, not both: minimum_payout_cents sets the entry of"
        raise InvalidRequest(f"{message} minimum_payouts in the program's currency", param="minimum_payouts")
    others = {currency: minor for currency, minor in program.minimum_payouts.items() if currency != program.currency}
    return {"minimum_payouts": others | ({program.currency: minimum_minor} if minimum_minor else {})}


def _refuse_currency_change(program: Program, currency: str, *, has_partners: bool) -> None:
    """Refuse another currency once a program is active or has partners: their flat amounts are in it."""
    if validation.valid_currency(currency) == program.currency:
        return
    if program.status != "draft" or has_partners:
        message = f"the currency stays {program.currency}: it is fixed once a program is active or has partners"
        raise Conflict(message, code="currency_fixed", param="currency")


def _refuse_unknown_zone(session: Session, time_zone: str) -> None:
    # Postgres computes the days of the statistics, so the zone must be a name that Postgres knows.
    known = text("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = :name)")
    if not session.scalar(known, {"name": time_zone}):
        raise InvalidRequest(
            f"time_zone {time_zone!r} is unknown; use an IANA name, such as Europe/Berlin", param="time_zone"
        )


def _end_default(session: Session, program: Program) -> None:
    others = (Program.organization_id == program.organization_id, Program.is_default, Program.id != program.id)
    with session.no_autoflush:
        session.execute(update(Program).where(*others).values(is_default=False))


def _flush(session: Session) -> None:
    """Flush. Raises Conflict `default_taken` if another program became the default meanwhile; the caller rolls back."""
    try:
        session.flush()
    except IntegrityError as violation:
        constraint = db.violated_constraint(violation)
        if constraint != ONE_DEFAULT:
            raise
        message = "another program became the default at the same moment; try again"
        raise Conflict(message, code="default_taken", param="is_default") from None
