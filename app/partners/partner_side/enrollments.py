"""Loading an organization's own enrollments, and the links a partner shares.

Sessions are narrowed by `access.affiliate_transaction`, so that row security hides other organizations' rows, unless a
docstring says otherwise.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import Forbidden, NotFound
from app.organizations.permissions import Caller
from app.paging import Page, no_row
from app.partners.models import Partner, PartnerCode
from app.partners.validation import ENDED, OPEN
from app.programs.models import Program

ENDED_CODE: Final = "enrollment_ended"
"""The code of the refusal of what belongs to an enrollment that was banned or deactivated."""


def list_enrollments(
    session: Session, caller: Caller, *, limit: int, starting_after: str | None = None
) -> Page[tuple[Partner, Program]]:
    """A page of the caller's enrollments with their programs, newest first, without ended ones.

    `starting_after` is a program's id, as the list shows it. Raises Forbidden as `require_access`, InvalidRequest.
    """
    require_access(session, caller)
    page = _open_enrollments(caller).order_by(Partner.id.desc()).limit(limit + 1)
    if starting_after is not None:
        program_id = ids.decode(starting_after, ids.PROGRAM)
        in_program = _open_enrollments(caller).where(Program.id == program_id)
        last_seen = session.scalar(in_program.with_only_columns(Partner.id))
        if last_seen is None:
            raise no_row(starting_after)
        page = page.where(Partner.id < last_seen)
    return Page.of([(partner, program) for partner, program in session.execute(page)], limit)


def load_enrollments(session: Session, caller: Caller) -> list[tuple[Partner, Program]]:
    """All of the caller's enrollments, newest first, without ended ones. Raises Forbidden as `require_access`."""
    require_access(session, caller)
    rows = session.execute(_open_enrollments(caller).order_by(Partner.id.desc()))
    return [(partner, program) for partner, program in rows]


def get_enrollment(session: Session, caller: Caller, program_id: str) -> tuple[Partner, Program]:
    """The caller's enrollment in this program. Raises NotFound, or Forbidden `enrollment_ended` if it was ended."""
    require_access(session, caller)
    in_program = Partner.program_id == ids.decode(program_id, ids.PROGRAM)
    row = session.execute(_open_enrollments(caller).where(in_program)).first()
    if row is None:
        is_own = Partner.partner_organization_id == caller.organization_id
        if session.scalar(select(Partner.id).where(is_own, in_program)) is not None:
            raise _ended()
        raise NotFound.of("program", program_id, where=" among those you are enrolled in")
    return row[0], row[1]


def find_ended(session: Session, caller: Caller, program_id: str | None) -> Partner | None:
    """The caller's enrollment that the owner ended: in this program, else the one ended last; None if there is none."""
    ended = select(Partner).where(Partner.partner_organization_id == caller.organization_id, Partner.status.in_(ENDED))
    if program_id is not None:
        ended = ended.where(Partner.program_id == ids.decode(program_id, ids.PROGRAM))
    return session.scalars(ended.order_by(Partner.status_changed_at.desc().nulls_last(), Partner.id).limit(1)).first()


def get_own_partner(session: Session, caller: Caller, public_id: str) -> Partner:
    """The caller's enrollment with this `par_…` or `aff_…` id. Raises NotFound, or Forbidden if it was ended."""
    key = ids.decode(public_id, *ids.PARTNER_PREFIXES)
    is_own = Partner.partner_organization_id == caller.organization_id
    partner = session.scalar(select(Partner).where(Partner.id == key, is_own))
    if partner is None:
        raise NotFound.of("partner", public_id)
    if partner.status not in OPEN:
        raise _ended()
    return partner


def require_access(session: Session, caller: Caller) -> None:
    """Refuse an organization if all of its enrollments were ended; without any enrollment its lists are just empty.

    Raises:
        Forbidden: `enrollment_ended`.
    """
    statuses: Sequence[str] = session.scalars(
        select(Partner.status).where(Partner.partner_organization_id == caller.organization_id)
    ).all()
    if statuses and not any(status in OPEN for status in statuses):
        raise _ended()


def codes_of(session: Session, partner: Partner) -> list[str]:
    """Every code that is the partner's, the newest first."""
    mine = select(PartnerCode.code).where(PartnerCode.partner_id == partner.id)
    return list(session.scalars(mine.order_by(PartnerCode.created_at.desc(), PartnerCode.code)))


def owns_bare_link(session: Session, partner: Partner) -> bool:
    """Whether `/r/<code>` credits this partner: of several owners' partners with the code, the first one has it.

    Not in a narrowed session, which cannot see other owners' codes.
    """
    same = select(PartnerCode.partner_id).where(PartnerCode.code == partner.slug)
    return session.scalar(same.order_by(PartnerCode.created_at, PartnerCode.partner_id).limit(1)) == partner.id


def link_to_share(session: Session, public_url: str, partner: Partner, program: Program) -> str | None:
    """The partner's link through this server; None while its program has no landing page. Not in a narrowed session."""
    if program.landing_url is None:
        return None
    program_id = None if owns_bare_link(session, partner) else ids.encode(ids.PROGRAM, program.id)
    return redirect_link(public_url, partner.slug, program_id)


def redirect_link(public_url: str, code: str, program_id: str | None) -> str:
    """The link through this server, which records a touchpoint: `https://…/r/ada`, with `program_id` if it is given."""
    program = f"?program_id={program_id}" if program_id else ""
    return f"{public_url}/r/{quote(code)}{program}"


def landing_link(landing_url: str, code: str) -> str:
    """The landing page with the code as `ref`: `https://a.example/?x=1&ref=ada` for `https://a.example/?x=1`."""
    parts = urlsplit(landing_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "ref"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("ref", code)])))


def _open_enrollments(caller: Caller) -> Select[Partner, Program]:
    return (
        select(Partner, Program)
        .join(Program, Program.id == Partner.program_id)
        .where(Partner.partner_organization_id == caller.organization_id, Partner.status.in_(OPEN))
    )


def _ended() -> Forbidden:
    return Forbidden("the enrollment was ended by the program's owner; ask the owner", code=ENDED_CODE)
