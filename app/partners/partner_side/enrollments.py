"""The partner side: an organization's own enrollments, which are all it can name.

Every function takes a session narrowed by `access.affiliate_transaction`, in which row security shows nobody else's.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import Forbidden, NotFound
from app.organizations.permissions import Caller
from app.paging import no_row
from app.partners.enrollment import OPEN
from app.partners.models import Partner, PartnerCode
from app.programs.models import Program


def list_enrollments(
    session: Session, caller: Caller, *, limit: int, starting_after: str | None = None
) -> list[tuple[Partner, Program]]:
    """A page of the caller's enrollments with their programs, newest first; ended ones are left out.

    `starting_after` is a program's id, as the list shows it. Raises Forbidden as `demand_entry`, InvalidRequest.
    """
    demand_entry(session, caller)
    mine = _mine(caller).order_by(Partner.id.desc()).limit(limit)
    if starting_after is not None:
        program_id = ids.decode(starting_after, ids.PROGRAM)
        last_seen = session.scalar(_mine(caller).with_only_columns(Partner.id).where(Program.id == program_id))
        if last_seen is None:
            raise no_row(starting_after)
        mine = mine.where(Partner.id < last_seen)
    return [(partner, program) for partner, program in session.execute(mine)]


def every_enrollment(session: Session, caller: Caller) -> list[tuple[Partner, Program]]:
    """All the caller's enrollments but ended ones, newest first. Raises Forbidden as `demand_entry`."""
    demand_entry(session, caller)
    return [(partner, program) for partner, program in session.execute(_mine(caller).order_by(Partner.id.desc()))]


def enrollment_in(session: Session, caller: Caller, program_id: str) -> tuple[Partner, Program]:
    """The caller's enrollment in this program. Raises NotFound, or Forbidden as `demand_entry`."""
    demand_entry(session, caller)
    found = session.execute(_mine(caller).where(Partner.program_id == ids.decode(program_id, ids.PROGRAM))).first()
    if found is None:
        raise NotFound.of("program", program_id, where=" among those you are enrolled in")
    return found[0], found[1]


def get_own_partner(session: Session, caller: Caller, public_id: str) -> Partner:
    """The caller's own enrollment with this `par_…` or `aff_…` id. Raises NotFound, and Forbidden where it ended."""
    key = ids.decode(public_id, *ids.PARTNER_PREFIXES)
    mine = Partner.partner_organization_id == caller.organization_id
    found = session.scalar(select(Partner).where(Partner.id == key, mine))
    if found is None:
        raise NotFound.of("partner", public_id)
    if found.status not in OPEN:
        raise _ended()
    return found


def demand_entry(session: Session, caller: Caller) -> None:
    """Refuse an organization all of whose enrollments were ended by their owners; one without any just sees none.

    Raises:
        Forbidden: `enrollment_ended`.
    """
    statuses: Sequence[str] = session.scalars(
        select(Partner.status).where(Partner.partner_organization_id == caller.organization_id)
    ).all()
    if statuses and not any(status in OPEN for status in statuses):
        raise _ended()


def bare_link_leads_to(session: Session, partner: Partner) -> bool:
    """Whether `/r/<code>` is this partner's: of several owners' partners on one server it is the first one's.

    Not in a narrowed session, which sees no other owner's codes.
    """
    same = select(PartnerCode.partner_id).where(PartnerCode.code == partner.slug)
    return session.scalar(same.order_by(PartnerCode.created_at, PartnerCode.partner_id).limit(1)) == partner.id


def link_to_share(session: Session, public_url: str, partner: Partner, program: Program) -> str | None:
    """The partner's link through this server; None while its program has no landing page. Not in a narrowed session."""
    if program.landing_url is None:
        return None
    program_id = None if bare_link_leads_to(session, partner) else ids.encode(ids.PROGRAM, program.id)
    return redirect_link(public_url, partner.slug, program_id)


def redirect_link(public_url: str, code: str, program_id: str | None) -> str:
    """The link through this server, which notes the visit: `https://…/r/ada`; with the program where it takes that."""
    program = f"?program_id={program_id}" if program_id else ""
    return f"{public_url}/r/{quote(code)}{program}"


def landing_link(landing_url: str, code: str) -> str:
    """The program's own page with the code: `landing_link("https://a.example/?x=1", "ada")` ends in `?x=1&ref=ada`."""
    parts = urlsplit(landing_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "ref"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("ref", code)])))


def _mine(caller: Caller) -> Select[Partner, Program]:
    return (
        select(Partner, Program)
        .join(Program, Program.id == Partner.program_id)
        .where(Partner.partner_organization_id == caller.organization_id, Partner.status.in_(OPEN))
    )


def _ended() -> Forbidden:
    return Forbidden("this enrollment was ended by the program's owner", code="enrollment_ended")
