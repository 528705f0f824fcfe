"""The partner side. No parameter names another partner: a key's organization is all that says whose rows are shown."""

from collections.abc import Sequence

from flask import Response, current_app, g
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import InvalidRequest
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, answer, needs, surface
from app.ledger.sums import Sums
from app.organizations import access, audit
from app.paging import no_row
from app.partners.figures import statistics
from app.partners.joining import invitations
from app.partners.models import Partner, PartnerCode
from app.partners.partner_side import enrollments
from app.partners.partner_side import views as shapes
from app.partners.terms import snapshots
from app.programs.models import Program
from app.programs.terms import terms_in_force_of_each

api = surface(PARTNER_SIDE, __name__, "What a partner sees of itself, named by its own organization's key.")


@api.get("/v1/admin/affiliate-me/programs", security=needs("partners:read"), responses={"200": shapes.MyProgramPage})
def list_my_programs(query: shapes.MyListQuery) -> Response:
    """The programs you are enrolled in, newest first."""
    with access.affiliate_transaction(g.caller) as session:
        enrolled = enrollments.list_enrollments(
            session, g.caller, limit=query.limit, starting_after=query.starting_after
        )
        return answer(shapes.MyProgramPage(data=_my_programs(session, enrolled)))


@api.get(
    "/v1/admin/affiliate-me/programs/<program_id>/referral",
    security=needs("partners:read"),
    responses={"200": shapes.Referral, "404": ErrorBody},
)
def show_my_referral(path: shapes.MyProgramPath) -> Response:
    """Your code and link in a program."""
    with access.affiliate_transaction(g.caller) as session:
        partner, program = enrollments.get_enrollment(session, g.caller, path.program_id)
        mine = select(PartnerCode.code).where(PartnerCode.partner_id == partner.id)
        codes = list(session.scalars(mine.order_by(PartnerCode.created_at.desc(), PartnerCode.code)))
    with db.web_transaction() as session:  # of whoever shares the server, like the link itself when it is followed
        leads_here = enrollments.owns_bare_link(session, partner)
    public_url = current_app.extensions["accrual_settings"].public_url
    return answer(shapes.referral(partner, program, codes, public_url, names_program=not leads_here))


@api.get("/v1/admin/affiliate-me/stats", security=needs("commissions:read"), responses={"200": shapes.MyStats})
def show_my_stats() -> Response:
    """What you earned, by program and currency."""
    with access.affiliate_transaction(g.caller) as session:
        return answer(shapes.MyStats(data=[shapes.my_totals(*one) for one in _figures(session)]))


@api.get("/v1/admin/affiliate-me/balance", security=needs("commissions:read"), responses={"200": shapes.MyBalance})
def show_my_balance() -> Response:
    """What is owed to you, what is on its way and what you received, by currency."""
    with access.affiliate_transaction(g.caller) as session:
        return answer(shapes.my_balance(_figures(session)))


@api.get("/v1/admin/affiliate-me/payouts", security=needs("payouts:read"), responses={"200": shapes.MyPayoutPage})
def list_my_payouts(query: shapes.MyListQuery) -> Response:
    """Money sent to you, newest first. This version makes no payouts, so there are none."""
    with access.affiliate_transaction(g.caller) as session:
        enrollments.require_access(session, g.caller)
    if query.starting_after is not None:
        raise no_row(query.starting_after)
    return answer(shapes.MyPayoutPage(data=[]))


@api.post(
    "/v1/admin/affiliate-me/invitations/accept",
    security=needs("partners:write"),
    responses={"200": shapes.MyProgram, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def accept_invitation(body: shapes.Acceptance) -> Response:
    """Accept an invitation for the organization of your key; from then on you earn."""
    if (body.token is None) == (body.program_id is None):
        raise InvalidRequest("send exactly one of token and program_id", param="token")
    # Before it is accepted nothing says that this row is the caller's to see, but for the token itself.
    with access.open_transaction() as session:
        if body.token is not None:
            partner = invitations.accept(session, body.token, g.caller.organization_id)
        else:
            partner = invitations.accept_enrollment(session, body.program_id or "", g.caller.organization_id)
        public_id = ids.encode(ids.PARTNER, partner.id)
        audit.add_entry(session, g.caller, "partner.joined", public_id, organization_id=partner.organization_id)
        [shown] = _my_programs(session, [(partner, session.get_one(Program, partner.program_id))])
        return answer(shown)


def _my_programs(session: Session, enrolled: Sequence[tuple[Partner, Program]]) -> list[shapes.MyProgram]:
    terms = terms_in_force_of_each(session, [program.id for _, program in enrolled])
    stamped = snapshots.in_force_of_each(session, [partner.id for partner, _ in enrolled])
    return [shapes.my_program(one, program, terms[program.id], stamped.get(one.id)) for one, program in enrolled]


def _figures(session: Session) -> list[tuple[Partner, Sums]]:
    """The caller's figures: its enrollments, newest first, currency by currency."""
    enrolled = enrollments.load_enrollments(session, g.caller)
    # Sums are the owner's rows. Which partners' are asked for was settled above, among the caller's own.
    db.narrow_to_organizations(session, [program.organization_id for _, program in enrolled])
    earned = statistics.load_for_enrollments(session, enrolled)
    return [(partner, one) for partner, _ in enrolled for one in earned[partner.id]]
