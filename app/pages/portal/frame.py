"""What the portal's pages share: their blueprint, who may see them, and the program that a page is about."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import ids
from app.branding import brand as brands
from app.branding.brand import Brand
from app.errors import Forbidden, NotFound
from app.immutable import immutable
from app.organizations import access
from app.pages import layout, signed_in
from app.pages.signed_in import SignedIn, View
from app.partners.partner_side import enrollments
from app.partners.validation import AffiliateStatus, affiliate_status
from app.sentences.say import say
from app.times import UTC_NAME

PAGES: Final = (
    ("overview", "portal.program"),
    ("activity", "portal.activity"),
    ("links", "portal.links"),
    ("commissions", "portal.commissions"),
    ("statements", "portal.statements"),
    ("payouts", "portal.payouts"),
    ("payout_method", "portal.payout_method"),
)
"""The pages of each program: name and endpoint."""

blueprint: Final = Blueprint("portal", __name__, url_prefix="/portal")


@immutable
class Enrolled:
    """The program that a page is about, with its brand and name there, and the partner in it: their public ids."""

    id: str
    name: str
    brand: Brand
    currency: str
    time_zone: str
    partner_id: str
    status: AffiliateStatus


def page(permission: str) -> Callable[[View], View]:
    """Decorates a page of a partner: it reads what the person's organization sees as a partner."""
    return lambda view: signed_in.page(permission, access.affiliate_transaction)(_for_partners(view))


def form(permission: str, *, shown_on: View | None = None) -> Callable[[View], View]:
    """As `page`, for a form; if it is refused, the page `shown_on` is shown again."""
    guard = signed_in.form(permission, access.affiliate_transaction, shown_on=shown_on)
    return lambda view: guard(_for_partners(view))


def load_enrolled(session: Session, who: SignedIn, program_id: str) -> Enrolled:
    """The program of a page. Raises NotFound, or Forbidden if the enrollment was ended."""
    partner, program = enrollments.get_enrollment(session, who.caller, program_id)
    brand = brands.load(session, program.id)
    return Enrolled(
        id=ids.encode(ids.PROGRAM, program.id),
        name=brand.name,
        brand=brand,
        currency=program.currency,
        time_zone=program.time_zone,
        partner_id=ids.encode(ids.PARTNER, partner.id),
        status=affiliate_status(partner.status),
    )


def require_program(enrolled: Enrolled, program_id: str, noun: str, public_id: str) -> None:
    """Refuse what belongs to another program than the page is about. Raises NotFound."""
    if program_id != enrolled.id:
        raise NotFound.of(noun, public_id, where=" in this program")


def _for_partners(view: View) -> View:
    """The view for an organization with an enrollment, or for an affiliate; a page with 403 for who has none."""

    @wraps(view)
    def shown(session: Session, who: SignedIn, **path: Any) -> ResponseReturnValue:
        try:
            _require_partner(session, who)
            return view(session, who, **path)
        except Forbidden as refused:
            if refused.code != enrollments.ENDED_CODE:
                raise
            ended = enrollments.find_ended(session, who.caller, path.get("program_id"))
            return layout.render("portal/ended.html", who, status=403, pages=PAGES, enrolled=None, ended=ended)

    return shown


def render(template: str, who: SignedIn, enrolled: Enrolled | None = None, **values: Any) -> ResponseReturnValue:
    """The page of a template of the portal, about a program if `enrolled` is given."""
    zone = UTC_NAME if enrolled is None else enrolled.time_zone
    return layout.render(f"portal/{template}", who, zone=zone, pages=PAGES, enrolled=enrolled, **values)


def _require_partner(session: Session, who: SignedIn) -> None:
    """Refuse a merchant that is enrolled nowhere. Raises Forbidden."""
    if who.caller.kind != "affiliate" and not enrollments.load_enrollments(session, who.caller):
        raise Forbidden(say("page.portal.no_partner", organization=who.organization.name))
